-- What a queue of ours has beside the original's: its options, its state, its insert function. For a new queue, one
-- that is taken over, and every queue at an upgrade.
create or replace function pgq._prepare_queue(i_queue_id int4)
returns void as $$
declare
    state_seq text := format('pgq.event_%s_state', i_queue_id);
    queue pgq.queue;
begin
    insert into pgq.queue_option (queue_id) values (i_queue_id) on conflict do nothing;
    if to_regclass(state_seq) is null then
        execute format('create sequence %s minvalue 0', state_seq);
        perform setval(state_seq, 0);
    end if;
    -- The lock keeps a rotation from changing what is read here before it is written there.
    select * into queue from pgq.queue q where q.queue_id = i_queue_id for no key update;
    perform pgq._set_queue_state(i_queue_id, 15, queue.queue_cur_table
        + case when queue.queue_disable_insert or queue.queue_per_tx_limit is not null then 16 else 0 end);
    perform pgq._write_queue_insert(i_queue_id);
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
