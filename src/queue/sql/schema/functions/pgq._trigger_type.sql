-- ev_type: `U:id,nr`, {"op":"UPDATE","table":["public","t"],"pkey":["id","nr"]} or `U`; R is a TRUNCATE.
create or replace function pgq._trigger_type(
    encoding text, op text, schema_name text, table_name text, written_key text[])
returns text as $$
    select case
        when encoding = 'json' then pg_catalog.format(
            '{"op":"%s","table":[%s,%s],"pkey":%s}', op,
            pg_catalog.to_json(schema_name), pg_catalog.to_json(table_name),
            pg_catalog.array_to_json(written_key))
        when op = 'TRUNCATE' then 'R'
        when encoding = 'url' then pg_catalog.left(op, 1) || ':' || pg_catalog.array_to_string(written_key, ',')
        else pg_catalog.left(op, 1)
    end;
$$ language sql immutable;
