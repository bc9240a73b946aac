create or replace function pgq.register_consumer(x_queue_name text, x_consumer_id text)
returns integer as $$
    select pgq.register_consumer_at(x_queue_name, x_consumer_id, null);
$$ language sql;
