-- Takes a consumer from a queue, with its retried and running events and its sub-consumers: how many subscribers
-- are gone. Of a sub-consumer only itself.
create or replace function pgq.unregister_consumer(x_queue_name text, x_consumer_name text)
returns integer as $$
declare
    subscriber record;
    position record;
    siblings int4;
begin
    select s.sub_no, s.sub_id, s.sub_consumer into subscriber
      from pgq.subscriber s
      join pgq.queue q on q.queue_id = s.sub_queue
      join pgq.consumer c on c.co_id = s.sub_consumer
     where q.queue_name = x_queue_name
       and c.co_name = x_consumer_name
       for update of s, c;
    if not found then
        return 0;
    end if;
    select p.pos_last_tick is null as has_no_last, p.pos_next_tick is null as has_no_next into position
      from pgq.position_log p
     where p.pos_subscriber = subscriber.sub_no
     order by p.pos_step desc
     limit 1;
    select count(*) into siblings from pgq.subscriber s where s.sub_id = subscriber.sub_id;
    -- A main consumer has a last tick and no next one; sub-consumers have both, or neither.
    if siblings > 1 and position.has_no_last = position.has_no_next then
        perform pgq._drop_subscriber(subscriber.sub_no);
        return 1;
    end if;
    delete from pgq.retry_queue r where r.ev_owner = subscriber.sub_id;
    delete from pgq.running_event r where r.run_owner = subscriber.sub_id;
    perform pgq._drop_subscriber(s.sub_no) from pgq.subscriber s where s.sub_id = subscriber.sub_id;
    delete from pgq.consumer c
     where c.co_id = subscriber.sub_consumer
       and not exists (select from pgq.subscriber s where s.sub_consumer = c.co_id);
    return siblings;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
