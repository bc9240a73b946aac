-- The oldest transaction that was open at the last tick of a queue's slowest consumer; null without consumers.
create or replace function pgq._slowest_xmin(i_queue_id int4)
returns bigint as $$
declare
    slowest bigint;
    xmin bigint;
begin
    select min(s.sub_last_tick) into slowest from pgq.subscription s where s.sub_queue = i_queue_id;
    if slowest is null then
        perform pgq._raise_stale_snapshot();
        return null;
    end if;
    select txid_snapshot_xmin(t.tick_snapshot) into xmin
      from pgq.tick_log t
     where t.tick_queue = i_queue_id
       and t.tick_id = slowest;
    if not found then
        perform pgq._raise_stale_snapshot();
        raise exception 'queue % maint failure: tick % not found',
            (select q.queue_name from pgq.queue q where q.queue_id = i_queue_id), slowest;
    end if;
    return xmin;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
