-- Refuses a trigger that was made to fire in a way that does not make sense.
create or replace function pgq._trigger_check_call(encoding text, op text, timing text, level text, args text[])
returns void as $$
declare
    problem text := case
        when encoding = 'kinds' and timing <> 'AFTER' then 'pgq.logtriga must be fired AFTER'
        when op <> 'TRUNCATE' and level <> 'ROW' then 'pgq Ins/Upd/Del trigger must be fired FOR EACH ROW'
        when args[0] is null then 'pgq trigger must have destination queue as argument'
        when encoding = 'kinds' and pg_catalog.cardinality(args) not in (2, 3) then
            'pgq.logtriga must be used with 2 or 3 args'
    end;
begin
    if problem is not null then
        raise exception using errcode = 'XX000', message = problem;
    end if;
end;
$$ language plpgsql stable;
