-- The batch that a sub-consumer has open, one of a sibling that has not been seen for i_dead_interval, or the next
-- one of the main consumer, whose sub-consumers work side by side. Registers whom it does not know. Nothing is
-- written, not even a lock, when there is none.
create or replace function pgq_coop.next_batch_custom(
    i_queue_name text,
    i_consumer_name text,
    i_subconsumer_name text,
    i_min_lag interval,
    i_min_count int4,
    i_min_interval interval,
    i_dead_interval interval)
returns bigint as $$
declare
    main record;
    sub record;
    next record;
    dead int4;
    batch bigint;
    is_locked boolean := false;
begin
    loop
        select * into sub from pgq_coop._find_sub(i_queue_name, i_consumer_name, i_subconsumer_name);
        if not found then
            perform pgq_coop.register_subconsumer(i_queue_name, i_consumer_name, i_subconsumer_name);
            continue;
        end if;
        main := pgq._find_subscriber(i_queue_name, i_consumer_name);
        if main.batch is not null then
            raise exception 'main consumer has batch open?';
        end if;
        next := pgq._find_next_tick(main.queue_id, main.last_tick, main.last_tick_time, main.last_tick_seq,
                                    i_min_lag, i_min_count, i_min_interval);
        dead := pgq_coop._find_dead(main.sub_id, main.sub_no, sub.sub_no, i_dead_interval);
        if sub.batch is null and next.tick_id is null and dead is null then
            return null;
        end if;
        exit when is_locked;
        -- In statements of their own: what is read after them is what others have left.
        perform from pgq.subscriber s where s.sub_no = main.sub_no for no key update;
        perform from pgq.subscriber s where s.sub_no = sub.sub_no for no key update;
        is_locked := true;
    end loop;
    if sub.batch is not null then
        perform pgq._append_position(sub.sub_no, sub.step, sub.last_tick, sub.batch, sub.next_tick);
        return sub.batch;
    end if;
    if dead is not null then
        batch := pgq_coop._take_over(dead, sub.sub_no, sub.step, i_dead_interval);
    end if;
    if batch is null and next.tick_id is not null then
        batch := nextval('pgq.batch_id_seq');
        perform pgq._append_position(main.sub_no, main.step, next.tick_id, null, null);
        perform pgq._append_position(sub.sub_no, sub.step, main.last_tick, batch, next.tick_id);
    end if;
    return batch;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;

create or replace function pgq_coop.next_batch_custom(
    i_queue_name text,
    i_consumer_name text,
    i_subconsumer_name text,
    i_min_lag interval,
    i_min_count int4,
    i_min_interval interval)
returns bigint as $$
    select pgq_coop.next_batch_custom(i_queue_name, i_consumer_name, i_subconsumer_name,
                                      i_min_lag, i_min_count, i_min_interval, null);
$$ language sql;
