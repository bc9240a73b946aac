-- A changed row as sqltriga sends it: `name='x' where id='1'`; `id='1' where id='1'` when nothing has changed.
create or replace function pgq._trigger_sql_update(
    names text[], old_values text[], new_values text[], changed text[], key text[])
returns text as $$
declare
    data text := '';
    first_key text;
begin
    for nr in 1 .. pg_catalog.cardinality(names) loop
        if names[nr] = any (changed) then
            data := data || ',' || pg_catalog.quote_ident(names[nr]) || '='
                 || coalesce(pg_catalog.quote_literal(new_values[nr]), 'NULL');
        end if;
        if first_key is null and names[nr] = any (key) then
            first_key := names[nr];
        end if;
    end loop;
    if data = '' then
        data := ',' || pgq._trigger_sql_key(names, old_values, array[first_key]);
    end if;
    return pg_catalog.substr(data, 2) || ' where ' || pgq._trigger_sql_key(names, old_values, key);
end;
$$ language plpgsql stable;
