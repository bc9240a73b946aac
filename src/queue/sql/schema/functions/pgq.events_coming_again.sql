-- A consumer's events that were handed out before and are not handled yet, in order: those that wait for their time
-- (due), and those that are back in the queue.
create or replace function pgq.events_coming_again(
    in i_queue text,
    in i_consumer text,
    out due timestamptz,
    out ev_id bigint,
    out ev_time timestamptz,
    out ev_txid bigint,
    out ev_retry integer,
    out ev_type text,
    out ev_data text,
    out ev_extra1 text,
    out ev_extra2 text,
    out ev_extra3 text,
    out ev_extra4 text)
returns setof record as $$
declare
    owner record;
    events text;
    consumed txid_snapshot;
begin
    select * into owner from pgq._find_owner(i_queue, i_consumer);
    select q.queue_data_pfx, t.tick_snapshot
      into events, consumed
      from pgq.queue q
      join pgq.subscription s on s.sub_queue = q.queue_id and s.sub_consumer = owner.consumer_id
      join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = s.sub_last_tick
     where q.queue_id = owner.queue_id;
    return query execute format($query$
        select r.ev_retry_after, r.ev_id, r.ev_time, r.ev_txid, r.ev_retry,
               r.ev_type, r.ev_data, r.ev_extra1, r.ev_extra2, r.ev_extra3, r.ev_extra4
          from pgq.retry_queue r
         where r.ev_owner = $1
        union all
        select clock_timestamp(), e.ev_id, e.ev_time, e.ev_txid, e.ev_retry,
               e.ev_type, e.ev_data, e.ev_extra1, e.ev_extra2, e.ev_extra3, e.ev_extra4
          from %s e
         where e.ev_owner = $1
           and e.ev_txid >= txid_snapshot_xmin($2)
           and not txid_visible_in_snapshot(e.ev_txid, $2)
         order by 2$query$, pgq.quote_fqname(events))
    using owner.sub_id, consumed;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
