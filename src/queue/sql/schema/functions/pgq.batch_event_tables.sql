-- The tables that may hold events of a batch: the current one, the one before it, or both.
create or replace function pgq.batch_event_tables(x_batch_id bigint)
returns setof text as $$
declare
    batch record;
    previous int4;
begin
    select q.queue_data_pfx, q.queue_ntables, q.queue_cur_table,
           txid_snapshot_xmax(cur.tick_snapshot) >= q.queue_switch_step1 as reaches_current,
           coalesce(txid_snapshot_xmin(last.tick_snapshot) > q.queue_switch_step2, false) as has_left_previous
      into batch
      from pgq._find_batch(x_batch_id) b
      join pgq.queue q on q.queue_id = b.sub_queue
      cross join lateral (
             select * from pgq.tick_log t where t.tick_queue = b.sub_queue and t.tick_id = b.last_tick limit 1) last
      cross join lateral (
             select * from pgq.tick_log t where t.tick_queue = b.sub_queue and t.tick_id = b.next_tick limit 1) cur;
    if not found then
        perform pgq._raise_stale_snapshot();
        raise exception 'Cannot find data for batch %', x_batch_id;
    end if;
    if not (batch.reaches_current and batch.has_left_previous) then
        previous := (batch.queue_cur_table - 1 + batch.queue_ntables) % batch.queue_ntables;
        return next batch.queue_data_pfx || '_' || previous;
    end if;
    if batch.reaches_current then
        return next batch.queue_data_pfx || '_' || batch.queue_cur_table;
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp
   set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off;
