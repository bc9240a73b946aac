-- Takes a sub-consumer away, and its name where nobody else has it.
create or replace function pgq_coop._drop_sub(i_sub int4)
returns void as $$
declare
    consumer int4;
begin
    select c.co_id into consumer
      from pgq.consumer c
      join pgq.subscriber s on s.sub_consumer = c.co_id
     where s.sub_no = i_sub
       for update of c;
    perform pgq._drop_subscriber(i_sub);
    delete from pgq.consumer c
     where c.co_id = consumer
       and not exists (select from pgq.subscriber s where s.sub_consumer = c.co_id);
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
