-- Which row, as sqltriga sends it: `id='1' and nr='2'`, in the order of the table's columns.
create or replace function pgq._trigger_sql_key(names text[], row_values text[], key text[])
returns text as $$
declare
    data text := '';
begin
    for nr in 1 .. pg_catalog.cardinality(names) loop
        continue when not names[nr] = any (key);
        if row_values[nr] is null then
            raise exception using errcode = 'XX000', message = 'logtriga: Unexpected NULL key value';
        end if;
        data := data || ' and ' || pg_catalog.quote_ident(names[nr]) || '=' || pg_catalog.quote_literal(row_values[nr]);
    end loop;
    if data = '' then
        raise exception using errcode = 'XX000', message = 'logtriga: Unexpected NULL key value';
    end if;
    return pg_catalog.substr(data, 6);
end;
$$ language plpgsql stable;
