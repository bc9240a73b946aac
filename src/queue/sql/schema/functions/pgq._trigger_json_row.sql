-- A row as jsontriga sends it: bool and the integers bare, dates and timestamps as JSON knows them (from row_json),
-- all others as strings of their output. Domains are strings.
create or replace function pgq._trigger_json_row(
    names text[], types oid[], row_values text[], row_json json, hidden text[])
returns text as $$
declare
    data text := '';
begin
    for nr in 1 .. pg_catalog.cardinality(names) loop
        continue when names[nr] = any (hidden);
        data := data || ',' || pg_catalog.to_json(names[nr]) || ':' || case
            when row_values[nr] is null then 'null'
            when types[nr] = 16 then case row_values[nr] when 't' then 'true' else 'false' end
            when types[nr] in (20, 21, 23) then row_values[nr]
            when types[nr] in (1082, 1114, 1184) then pg_catalog.to_json(coalesce(row_json ->> names[nr], row_values[nr]))::text
            else pg_catalog.to_json(row_values[nr])::text
        end;
    end loop;
    return '{' || pg_catalog.substr(data, 2) || '}';
end;
$$ language plpgsql stable;
