-- A changed row before its stored generated columns are computed: they have the values that they had.
create or replace function pgq._trigger_not_yet_generated(
    relation oid, names text[], old_values text[], new_values text[])
returns text[] as $$
declare
    name text;
    nr int;
begin
    foreach name in array pgq._trigger_generated(relation, 's') loop
        nr := pg_catalog.array_position(names, name);
        new_values[nr] := old_values[nr];
    end loop;
    return new_values;
end;
$$ language plpgsql;
