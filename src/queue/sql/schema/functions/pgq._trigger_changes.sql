-- What an UPDATE has changed. `is_sent`: whether that is of interest, which it is not when hidden columns alone have
-- changed (and is when none has). `unclear`: columns of which only their type's equality knows; it is asked for, and
-- `settled` then has those that are equal.
create or replace function pgq._trigger_changes(
    names text[], types oid[], old_values text[], new_values text[], key text[], hidden text[], looks_at_all boolean, settled text[],
    out changed text[], out unclear text[], out is_sent boolean)
as $$
declare
    is_unseen boolean := false;
    differs boolean;
begin
    for nr in 1 .. pg_catalog.cardinality(names) loop
        continue when old_values[nr] is not distinct from new_values[nr]
                   or not (looks_at_all or names[nr] = any (key));
        differs := coalesce(pgq._trigger_differs(types[nr], old_values[nr], new_values[nr]),
                            not names[nr] = any (settled));
        if differs is null then
            unclear := pg_catalog.array_append(unclear, names[nr]);
        elsif differs and names[nr] = any (key) then
            raise exception using errcode = 'XX000', message = 'primary key update not allowed';
        elsif differs and names[nr] = any (hidden) then
            is_unseen := true;
        elsif differs then
            changed := pg_catalog.array_append(changed, names[nr]);
        end if;
    end loop;
    is_sent := changed is not null or not is_unseen;
end;
$$ language plpgsql stable;
