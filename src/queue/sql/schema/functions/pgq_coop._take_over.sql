-- Unregisters a sub-consumer that seems dead, and gives its batch to another: the batch, or null when it had none.
-- One whose row is locked is just finishing.
create or replace function pgq_coop._take_over(i_dead int4, i_sub int4, i_step bigint, i_dead_interval interval)
returns bigint as $$
declare
    position pgq.position_log;
begin
    perform from pgq.subscriber s where s.sub_no = i_dead for update skip locked;
    if not found then
        return null;
    end if;
    -- Again, as it is now that nobody else can change it.
    select * into position
      from pgq.position_log p
     where p.pos_subscriber = i_dead
     order by p.pos_step desc
     limit 1;
    if position.pos_active >= now() - i_dead_interval then
        return null;
    end if;
    perform pgq_coop._drop_sub(i_dead);
    if position.pos_batch is not null then
        perform pgq._append_position(i_sub, i_step, position.pos_last_tick, position.pos_batch, position.pos_next_tick);
    end if;
    return position.pos_batch;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
