-- A row as logutriga sends it: (a, 'x y', null) is `id=a&name=x+y&note`.
create or replace function pgq._trigger_url_row(names text[], row_values text[], hidden text[])
returns text as $$
declare
    keys text[] := pgq._trigger_urlencode_all(names);
    encoded text[] := pgq._trigger_urlencode_all(row_values);
    data text := '';
begin
    for nr in 1 .. pg_catalog.cardinality(names) loop
        continue when names[nr] = any (hidden);
        data := data || case when row_values[nr] is null then '&' || keys[nr]
                             else '&' || keys[nr] || '=' || encoded[nr] end;
    end loop;
    return pg_catalog.substr(data, 2);
end;
$$ language plpgsql stable;
