create or replace function pgq.next_batch(in i_queue_name text, in i_consumer_name text)
returns int8 as $$
    select batch_id from pgq.next_batch_custom(i_queue_name, i_consumer_name, null, null, null);
$$ language sql;
