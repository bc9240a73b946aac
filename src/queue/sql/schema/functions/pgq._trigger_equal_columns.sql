-- The columns among `unclear` that are equal in both rows, by the operator that rows are compared with. Types
-- without one, and arrays as in the original, are compared as texts, which are known to differ.
create or replace function pgq._trigger_equal_columns(unclear text[], old_row anyelement, new_row anyelement)
returns text[] as $$
declare
    equal_columns text[] := '{}';
    is_equal boolean;
begin
    for nr in 1 .. pg_catalog.cardinality(unclear) loop
        begin
            execute pg_catalog.format(
                'select not pgq._trigger_is_array(pg_catalog.pg_typeof(($1).%1$I)::pg_catalog.oid)
                    and pg_catalog.record_eq(row(($1).%1$I), row(($2).%1$I))', unclear[nr])
               into is_equal using old_row, new_row;
        exception when undefined_function then
            is_equal := false;
        end;
        if is_equal then
            equal_columns := pg_catalog.array_append(equal_columns, unclear[nr]);
        end if;
    end loop;
    return equal_columns;
end;
$$ language plpgsql stable;
