-- Registers a consumer at a tick, or at the newest; one that is registered is moved there, and its batch closed.
create or replace function pgq.register_consumer_at(x_queue_name text, x_consumer_name text, x_tick_pos bigint)
returns integer as $$
declare
    found_queue int4;
    found_consumer int4;
    subscriber int4;
    tick bigint := x_tick_pos;
begin
    -- The lock keeps a rotation from emptying a table that the new consumer is about to need.
    select q.queue_id into found_queue from pgq.queue q where q.queue_name = x_queue_name for key share;
    if not found then
        raise exception 'Event queue not created yet';
    end if;
    found_consumer := pgq._make_consumer(x_consumer_name);
    if tick is not null then
        perform from pgq.tick t where t.tick_queue = found_queue and t.tick_id = tick;
        if not found then
            perform pgq._raise_stale_snapshot();
            raise exception 'cannot reposition, tick not found: %', tick;
        end if;
    end if;
    select s.sub_no into subscriber
      from pgq.subscriber s
     where s.sub_queue = found_queue
       and s.sub_consumer = found_consumer
       for no key update;
    if found then
        if tick is not null then
            perform pgq._append_position(subscriber, pgq._newest_step(subscriber), tick, null, null);
        end if;
        return 0;
    end if;
    if tick is null then
        select max(t.tick_id) into tick from pgq.tick t where t.tick_queue = found_queue;
        if tick is null then
            perform pgq._raise_stale_snapshot();
            raise exception 'No ticks for this queue.  Please run ticker on database.';
        end if;
    end if;
    insert into pgq.subscriber (sub_queue, sub_consumer)
    values (found_queue, found_consumer)
    returning sub_no into subscriber;
    perform pgq._append_position(subscriber, 0, tick, null, null);
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
