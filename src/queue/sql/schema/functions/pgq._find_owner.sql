-- Whose events these are: the queue, the consumer, and the number by which both are known in retried events.
create or replace function pgq._find_owner(
    in i_queue_name text,
    in i_consumer_name text,
    out queue_id int4,
    out consumer_id int4,
    out sub_id int4)
as $$
begin
    select s.sub_queue, s.sub_consumer, s.sub_id
      into queue_id, consumer_id, sub_id
      from pgq.queue q
      join pgq.subscriber s on s.sub_queue = q.queue_id
      join pgq.consumer c on c.co_id = s.sub_consumer
     where q.queue_name = i_queue_name
       and c.co_name = i_consumer_name;
    if not found then
        raise exception 'Not subscriber to queue: %/%',
            coalesce(i_queue_name, 'NULL'), coalesce(i_consumer_name, 'NULL');
    end if;
end;
$$ language plpgsql stable set search_path = pg_catalog, pg_temp;
