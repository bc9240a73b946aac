-- A new row as sqltriga sends it: `(id,name) values ('1',null)`.
create or replace function pgq._trigger_sql_insert(names text[], row_values text[], hidden text[])
returns text as $$
declare
    columns text := '';
    data text := '';
begin
    for nr in 1 .. pg_catalog.cardinality(names) loop
        continue when names[nr] = any (hidden);
        columns := columns || ',' || pg_catalog.quote_ident(names[nr]);
        data := data || ',' || coalesce(pg_catalog.quote_literal(row_values[nr]), 'null');
    end loop;
    return pg_catalog.format('(%s) values (%s)', pg_catalog.substr(columns, 2), pg_catalog.substr(data, 2));
end;
$$ language plpgsql stable;
