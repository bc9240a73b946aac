create or replace function pgq._newest_step(i_subscriber int4)
returns bigint as $$
declare
    step bigint;
begin
    select max(p.pos_step) into step from pgq.position_log p where p.pos_subscriber = i_subscriber;
    if step is null then
        perform pgq._raise_stale_snapshot();
    end if;
    return step;
end;
$$ language plpgsql;
