-- Raises 40001 when there is a tick that this transaction's snapshot does not see. The key knows: to insert what
-- is there already fails so, and what is not there is taken away again.
create or replace function pgq._require_newest_tick(i_queue_id int4)
returns void as $$
declare
    seen bigint;
    given bigint;
begin
    perform pgq._raise_stale_snapshot();
    select max(t.tick_id) into seen from pgq.tick_log t where t.tick_queue = i_queue_id;
    select pgq.seq_getval(q.queue_tick_seq) into given from pgq.queue q where q.queue_id = i_queue_id;
    insert into pgq.tick_log (tick_queue, tick_id, tick_event_seq)
    select i_queue_id, tick_id, 0 from generate_series(seen + 1, given) tick_id
    on conflict do nothing;
    delete from pgq.tick_log t where t.tick_queue = i_queue_id and t.tick_id > seen;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
