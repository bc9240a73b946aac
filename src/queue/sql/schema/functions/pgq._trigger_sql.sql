-- A change as sqltriga sends it: what follows INSERT INTO t, UPDATE t SET, or DELETE FROM t WHERE.
create or replace function pgq._trigger_sql(
    op text, names text[], old_values text[], new_values text[], key text[], hidden text[], changed text[])
returns text as $$
    select case op
        when 'INSERT' then pgq._trigger_sql_insert(names, new_values, hidden)
        when 'UPDATE' then pgq._trigger_sql_update(names, old_values, new_values, changed, key)
        when 'DELETE' then pgq._trigger_sql_key(names, old_values, key)
        else ''
    end;
$$ language sql stable;
