-- Lets scripts that know pgq.subscription as a table change it.
create or replace function pgq._subscription_change()
returns trigger as $$
declare
    subscriber int4;
begin
    if tg_op = 'INSERT' then
        insert into pgq.subscriber (sub_id, sub_queue, sub_consumer)
        values (coalesce(new.sub_id, nextval('pgq.subscription_sub_id_seq')), new.sub_queue, new.sub_consumer)
        returning sub_no, sub_id into subscriber, new.sub_id;
        insert into pgq.position_log (pos_subscriber, pos_step, pos_last_tick, pos_active, pos_batch, pos_next_tick)
        values (subscriber, 1, new.sub_last_tick, coalesce(new.sub_active, now()), new.sub_batch, new.sub_next_tick);
        return new;
    end if;
    select s.sub_no into subscriber
      from pgq.subscriber s
     where s.sub_queue = old.sub_queue
       and s.sub_consumer = old.sub_consumer
       for no key update;
    if tg_op = 'DELETE' then
        perform pgq._drop_subscriber(subscriber);
        return old;
    end if;
    update pgq.subscriber s
       set sub_id = new.sub_id, sub_queue = new.sub_queue, sub_consumer = new.sub_consumer
     where s.sub_no = subscriber
       and (s.sub_id, s.sub_queue, s.sub_consumer) is distinct from (new.sub_id, new.sub_queue, new.sub_consumer);
    perform pgq._append_position(subscriber, pgq._newest_step(subscriber),
                                 new.sub_last_tick, new.sub_batch, new.sub_next_tick);
    return new;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
