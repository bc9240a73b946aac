-- The value of an expression over a row's columns, as its type's output function writes it. The expression may go
-- on after it (`true from t where ...`), and gives one row.
create or replace function pgq._trigger_evaluate(
    expression text, columns text[], table_name text, this_row anyelement, out value text, out type_id oid)
as $$
declare
    row_count bigint;
begin
    if pg_catalog.btrim(expression) = '' then
        type_id := 0;
        return;
    end if;
    execute pg_catalog.format(
        E'select case pg_catalog.num_nulls(x.y) when 0 then pg_catalog.format(''%%s'', x.y) end,
                 pg_catalog.pg_typeof(x.y)::pg_catalog.oid, pg_catalog.count(*) over ()
            from (select ($1).*) as %I, lateral (select %s\n) as x (y)',
        table_name, pgq._trigger_bind(expression, columns))
       into value, type_id, row_count using this_row;
    if row_count is distinct from 1 then
        raise exception using errcode = 'XX000',
            message = 'Expect 1 row from override query, got ' || coalesce(row_count, 0);
    end if;
end;
$$ language plpgsql stable;
