-- Registers a sub-consumer, and its main consumer where that is missing: 1 when it is new. Its name is
-- `main.sub`; retried events and the queue know both by one number.
create or replace function pgq_coop.register_subconsumer(
    i_queue_name text,
    i_consumer_name text,
    i_subconsumer_name text)
returns integer as $$
declare
    main record;
    sub int4;
    is_new integer;
begin
    perform pgq.register_consumer(i_queue_name, i_consumer_name);
    is_new := pgq.register_consumer(i_queue_name, i_consumer_name || '.' || i_subconsumer_name);
    if is_new = 0 then
        perform from pgq_coop._find_sub(i_queue_name, i_consumer_name, i_subconsumer_name);
        if not found then
            raise exception 'consumer %.% is registered by itself: it cannot be a sub-consumer of % too',
                i_consumer_name, i_subconsumer_name, i_consumer_name;
        end if;
        return 0;
    end if;
    select o.queue_id, o.sub_id into main from pgq._find_owner(i_queue_name, i_consumer_name) o;
    update pgq.subscriber s
       set sub_id = main.sub_id
      from pgq.consumer c
     where s.sub_queue = main.queue_id
       and s.sub_consumer = c.co_id
       and c.co_name = i_consumer_name || '.' || i_subconsumer_name
    returning s.sub_no into sub;
    perform pgq._append_position(sub, pgq._newest_step(sub), null, null, null);
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
