-- Empties the oldest of a queue's tables and makes it the current one, when nobody can need what it holds and
-- nobody can still write to the one before the current. Step 2 has to follow in another transaction. A time of the
-- last one that lies in the future is of a clock that was ahead, here as wherever ages are compared.
create or replace function pgq.maint_rotate_tables_step1(i_queue_name text)
returns integer as $$
declare
    queue pgq.queue;
    next_table int4;
begin
    select * into queue
      from pgq.queue q
     where q.queue_name = i_queue_name
       and q.queue_rotation_period is not null
       and q.queue_switch_step2 is not null
       and current_timestamp not between q.queue_switch_time - q.queue_rotation_period
                                     and q.queue_switch_time + q.queue_rotation_period
       for update;
    if not found then
        return 0;
    end if;
    if txid_current() < queue.queue_switch_step1 then
        raise exception 'queue % maint failure: step1=%, current=%',
            i_queue_name, queue.queue_switch_step1, txid_current();
    end if;
    if txid_snapshot_xmin(txid_current_snapshot()) <= queue.queue_switch_step2
       or pgq._slowest_xmin(queue.queue_id) <= queue.queue_switch_step2
    then
        return 0;
    end if;
    next_table := (queue.queue_cur_table + 1) % queue.queue_ntables;
    if not pgq._empty_table(pgq.quote_fqname(queue.queue_data_pfx || '_' || next_table)) then
        return 0;
    end if;
    update pgq.queue q
       set queue_cur_table = next_table,
           queue_switch_time = current_timestamp,
           queue_switch_step1 = txid_current(),
           queue_switch_step2 = null
     where q.queue_id = queue.queue_id;
    -- A consumer can be moved back as far as the table before the current one reaches.
    update pgq.queue_option o
       set tick_floor = coalesce(
               (select t.tick_id from pgq.tick_log t
                 where t.tick_queue = queue.queue_id
                   and txid_snapshot_xmin(t.tick_snapshot) >= queue.queue_switch_step2
                 order by t.tick_id
                 limit 1),
               (select max(t.tick_id) + 1 from pgq.tick_log t where t.tick_queue = queue.queue_id),
               0)
     where o.queue_id = queue.queue_id;
    return 0;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
