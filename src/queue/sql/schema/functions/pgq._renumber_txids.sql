-- After pg_restore into a cluster with younger transactions, where the ticks lie in the future: gives the transactions
-- that ticks and events name new numbers, below those of this cluster and in the same order. All that matters of an
-- event's is which tick was the first to see it.
create or replace function pgq._renumber_txids()
returns void as $$
begin
    perform pg_advisory_xact_lock(hashtext('pgq.maint_compact'), 0);
    perform setval('pgq.compaction_seq', 0)
      where pg_sequence_last_value('pgq.compaction_seq')
            > greatest(txid_current(), txid_snapshot_xmax(txid_current_snapshot()));
    perform pgq._renumber_txids(q.queue_id)
       from pgq.queue q
      where greatest(q.queue_switch_step1, q.queue_switch_step2,
                (select txid_snapshot_xmax(t.tick_snapshot)
                   from pgq.tick_log t
                  where t.tick_queue = q.queue_id
                  order by t.tick_id desc
                  limit 1)) > greatest(txid_current(), txid_snapshot_xmax(txid_current_snapshot()));
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;

create or replace function pgq._renumber_txids(i_queue_id int4)
returns void as $$
declare
    queue pgq.queue;
    ticks bigint[];
    xmaxes bigint[];
    newest_seq bigint;
    first_txid bigint;
    own_next bigint;
begin
    perform pgq._lock_ticks(i_queue_id);
    select * into queue from pgq.queue q where q.queue_id = i_queue_id for no key update;
    execute format('lock table %s in access exclusive mode', pgq.quote_fqname(queue.queue_data_pfx));
    own_next := txid_snapshot_xmax(txid_current_snapshot());
    perform pgq._fit_ticks(i_queue_id, (txid_snapshot_xmin(txid_current_snapshot()) - 3) / 2);
    select array_agg(t.tick_id order by t.tick_id),
           array_agg(txid_snapshot_xmax(t.tick_snapshot) order by t.tick_id), max(t.tick_event_seq)
      into ticks, xmaxes, newest_seq
      from pgq.tick_log t
     where t.tick_queue = i_queue_id;
    first_txid := txid_snapshot_xmin(txid_current_snapshot()) - cardinality(ticks) - 1;
    -- Of what was inserted here, after the restore, no tick knows, though its number is below theirs.
    execute format($update$
        update %s ev
           set ev_txid = $1 + coalesce(
               (select width_bucket(t.tick_id, $2) - 1
                  from pgq.tick_log t
                 where t.tick_queue = $4
                   and t.tick_id >= $2[1 + width_bucket(ev.ev_txid, $3)]
                   and txid_visible_in_snapshot(ev.ev_txid, t.tick_snapshot)
                   and not (ev.ev_id > $5 and ev.ev_txid < $6)
                 order by t.tick_id
                 limit 1), cardinality($2))$update$, pgq.quote_fqname(queue.queue_data_pfx))
      using first_txid, ticks, xmaxes, i_queue_id, newest_seq, own_next;
    update pgq.tick_log t
       set tick_snapshot = format('%1$s:%1$s:', first_txid + width_bucket(t.tick_id, ticks))::txid_snapshot,
           tick_until = null
     where t.tick_queue = i_queue_id;
    -- Their events may be in the current table and in the one before.
    update pgq.queue q
       set queue_switch_step1 = 1,
           queue_switch_step2 = case when q.queue_switch_step2 is not null then own_next end
     where q.queue_id = i_queue_id;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
