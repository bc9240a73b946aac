-- A tick for each of these queues whose events are not all in one, however few or young they are.
--
-- unsettled: a transaction that may have events of this queue is still open. Its events have their numbers, so
-- the sequence will not move again for them: the queue must be looked at until those transactions have ended.
create or replace function pgq.tick_eagerly(
    i_queue_ids int4[],
    out queue_id int4,
    out ticked boolean,
    out unsettled boolean)
returns setof record as $$
declare
    watched record;
    last record;
    event_seq bigint;
    seen txid_snapshot;
    horizon bigint;
begin
    for watched in
        select q.queue_id as id, q.queue_event_seq, q.queue_tick_seq
          from pgq.queue q
         where q.queue_id = any (i_queue_ids)
           and not q.queue_external_ticker
           and not q.queue_ticker_paused
         order by q.queue_id
           for no key update skip locked
    loop
        -- The number before the snapshot: whoever has a number that is counted here has a transaction that the
        -- snapshot knows (insert_event takes its transaction id first).
        event_seq := pgq.seq_getval(watched.queue_event_seq);
        select t.tick_event_seq, t.tick_snapshot into last
          from pgq.tick_log t
         where t.tick_queue = watched.id
         order by t.tick_id desc
         limit 1;
        seen := pg_catalog.txid_current_snapshot();
        queue_id := watched.id;
        if last.tick_snapshot is null or event_seq > last.tick_event_seq then
            ticked := true;
            horizon := pg_catalog.txid_snapshot_xmax(seen);
        elsif pg_catalog.txid_snapshot_xmin(last.tick_snapshot) = pg_catalog.txid_snapshot_xmax(last.tick_snapshot) then
            ticked := false;
            horizon := 0;
        else
            -- What is younger than the first tick that counted as far as this one has no events.
            select min(pg_catalog.txid_snapshot_xmax(t.tick_snapshot)) into horizon
              from pgq.tick_log t
             where t.tick_queue = watched.id
               and t.tick_event_seq = last.tick_event_seq;
            ticked := exists (
                select from pg_catalog.txid_snapshot_xip(last.tick_snapshot) as xip (txid)
                 where txid < horizon
                   and pg_catalog.txid_visible_in_snapshot(txid, seen));
        end if;
        unsettled := exists (
            select from pg_catalog.txid_snapshot_xip(seen) as xip (txid)
             where txid < horizon);
        if ticked then
            insert into pgq.tick_log (tick_queue, tick_id, tick_time, tick_snapshot, tick_event_seq)
            values (watched.id, pg_catalog.nextval(watched.queue_tick_seq::pg_catalog.regclass),
                    pg_catalog.now(), seen, event_seq);
        end if;
        return next;
    end loop;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
