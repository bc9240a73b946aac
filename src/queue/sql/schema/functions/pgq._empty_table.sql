-- Empties a table, unless somebody has it in use (pg_dump, for one): true when it is empty.
create or replace function pgq._empty_table(i_table text)
returns boolean as $$
begin
    execute 'lock table ' || i_table || ' in access exclusive mode nowait';
    execute 'truncate ' || i_table;
    return true;
exception
    when lock_not_available then
        return false;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
