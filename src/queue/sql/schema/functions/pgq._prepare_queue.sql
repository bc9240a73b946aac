-- What a queue of ours has beside the original's: its options, its state, its insert function.
create or replace function pgq._prepare_queue(i_queue_id int4)
returns void as $$
declare
    state_seq text := format('pgq.event_%s_state', i_queue_id);
begin
    insert into pgq.queue_option (queue_id) values (i_queue_id) on conflict do nothing;
    execute format('create sequence if not exists %s minvalue 0', state_seq);
    perform setval(state_seq, queue_cur_table
                   + case when queue_disable_insert or queue_per_tx_limit is not null then 16 else 0 end)
       from pgq.queue where queue_id = i_queue_id;
    perform pgq._write_queue_insert(i_queue_id);
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
