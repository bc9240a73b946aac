-- The query for a batch's events: those of transactions that the batch's last snapshot sees and its first does
-- not. Most have a number between the two snapshots, and are found by a range of the index; those that the first
-- snapshot saw at work are named one by one, but for the few that widen the range by less than a hundred.
create or replace function pgq.batch_event_sql(x_batch_id bigint)
returns text as $$
declare
    batch record;
    range_start bigint;
    older bigint[];
    columns constant text := 'select ev_id, ev_time, ev_txid, ev_retry, ev_type, ev_data,'
        || ' ev_extra1, ev_extra2, ev_extra3, ev_extra4';
    parts text;
begin
    select b.sub_id, last.tick_snapshot as first, cur.tick_snapshot as last into batch
      from pgq._find_batch(x_batch_id) b
      cross join lateral (
             select * from pgq.tick_log t where t.tick_queue = b.sub_queue and t.tick_id = b.last_tick limit 1) last
      cross join lateral (
             select * from pgq.tick_log t where t.tick_queue = b.sub_queue and t.tick_id = b.next_tick limit 1) cur;
    if not found then
        perform pgq._raise_stale_snapshot();
        raise exception 'batch not found';
    end if;
    range_start := txid_snapshot_xmax(batch.first);
    select array_agg(txid) into older
      from (select txid_snapshot_xip(batch.first) except select txid_snapshot_xip(batch.last)) ended (txid);
    range_start := least(range_start,
        (select min(txid) from unnest(older) txid where txid >= range_start - 100));
    older := array(select txid from unnest(older) txid where txid < range_start order by txid);
    select string_agg(
               format('%s from %s ev where ev_txid >= %s and ev_txid < %s'
                   || ' and txid_visible_in_snapshot(ev_txid, %L) and not txid_visible_in_snapshot(ev_txid, %L)'
                   || ' and (ev_owner is null or ev_owner = %s)',
                   columns, pgq.quote_fqname(event_table), range_start, txid_snapshot_xmax(batch.last),
                   batch.last, batch.first, batch.sub_id)
            || case when older <> '{}' then
               format(' union all %s from %s ev where ev_txid in (%s) and (ev_owner is null or ev_owner = %s)',
                   columns, pgq.quote_fqname(event_table), array_to_string(older, ','), batch.sub_id)
               else '' end, ' union all ')
      into parts
      from pgq.batch_event_tables(x_batch_id) event_table;
    return parts || ' order by 1';
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp
   set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off;
