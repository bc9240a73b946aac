-- A tick for each of these queues whose events are not all in one, however few or young they are. In a transaction
-- of its own.
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
    queue pgq.queue;
    locked int4[] := '{}';
    event_seqs bigint[] := '{}';
    looked record;
begin
    -- In the order in which pgq.ticker() takes the same locks.
    for queue in
        select *
          from pgq.queue q
         where q.queue_id = any (i_queue_ids)
           and not q.queue_external_ticker
           and not q.queue_ticker_paused
         order by q.queue_name
    loop
        continue when not pg_try_advisory_xact_lock(hashtext('pgq.tick_log'), queue.queue_id);
        locked := locked || queue.queue_id;
        event_seqs := event_seqs || pg_sequence_last_value(queue.queue_event_seq::regclass);
    end loop;
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        perform pgq._require_newest_tick(q.id) from unnest(locked) q (id);
    end if;
    for looked in
        select q.id, q.event_seq, last.tick_event_seq, last.tick_until,
               case
                 when q.event_seq is null then false
                 when q.event_seq > last.tick_event_seq or last.tick_until = 0 or last.tick_until is null then true
                 else pgq._has_ended_since(last.tick_snapshot, last.tick_until)
               end as is_due
          from unnest(locked, event_seqs) q (id, event_seq)
         left join lateral (
                 select t.tick_event_seq, t.tick_snapshot, t.tick_until
                   from pgq.tick_log t
                  where t.tick_queue = q.id
                    and t.tick_id >= (select o.tick_floor from pgq.queue_option o where o.queue_id = q.id)
                  order by t.tick_id desc
                  limit 1) last on true
    loop
        queue_id := looked.id;
        ticked := looked.is_due;
        if ticked then
            -- Taken after all numbers were read: above every transaction whose events they count.
            if looked.event_seq > looked.tick_event_seq or coalesce(looked.tick_until, 0) = 0 then
                looked.tick_until := txid_current();
            end if;
            insert into pgq.tick_log (tick_queue, tick_id, tick_event_seq, tick_until)
            select q.queue_id, nextval(q.queue_tick_seq::regclass), looked.event_seq, looked.tick_until
              from pgq.queue q
             where q.queue_id = looked.id;
        end if;
        unsettled := looked.tick_until > txid_snapshot_xmin(txid_current_snapshot());
        return next;
    end loop;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp
   set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_bitmapscan = off;
