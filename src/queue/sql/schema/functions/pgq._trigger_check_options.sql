-- Refuses options that do not go with when the trigger fires.
create or replace function pgq._trigger_check_options(
    op text, timing text, skips boolean, has_backup boolean, ignored text[], has_key boolean)
returns void as $$
declare
    problem text;
begin
    problem := case
        when skips and timing = 'AFTER' then 'SKIP does not work in AFTER trigger.'
        when op <> 'TRUNCATE' then null
        when ignored is not null then 'Column ignore does not make sense for truncate trigger'
        when has_key then 'Custom pkey_list does not make sense for truncate trigger'
        when has_backup then 'Backup does not make sense for truncate trigger'
    end;
    if problem is not null then
        raise exception using errcode = 'XX000', message = problem;
    end if;
end;
$$ language plpgsql stable;
