-- Takes a sub-consumer away: 1, or 0 when there is none. i_batch_handling 1: with its open batch, whose events
-- nobody gets then.
create or replace function pgq_coop.unregister_subconsumer(
    i_queue_name text,
    i_consumer_name text,
    i_subconsumer_name text,
    i_batch_handling integer)
returns integer as $$
declare
    sub record;
begin
    for sub in select * from pgq_coop._find_sub(i_queue_name, i_consumer_name, i_subconsumer_name) loop
        perform from pgq.subscriber s where s.sub_no = sub.sub_no for update;
    end loop;
    -- Again, as it is now that nobody else can change it.
    select * into sub from pgq_coop._find_sub(i_queue_name, i_consumer_name, i_subconsumer_name);
    if not found then
        return 0;
    end if;
    if sub.batch is not null and i_batch_handling is distinct from 1 then
        raise exception 'subconsumer has active batch';
    end if;
    perform pgq_coop._drop_sub(sub.sub_no);
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
