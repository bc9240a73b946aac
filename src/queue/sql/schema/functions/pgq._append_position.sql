-- A subscriber's step after i_step. Whoever calls holds the subscriber's row lock (for no key update) and has read
-- the newest step after getting it; only a snapshot older than that step finds it taken.
create or replace function pgq._append_position(
    i_subscriber int4,
    i_step bigint,
    i_last_tick bigint,
    i_batch bigint,
    i_next_tick bigint)
returns void as $$
begin
    insert into pgq.position_log (pos_subscriber, pos_step, pos_last_tick, pos_batch, pos_next_tick)
    values (i_subscriber, i_step + 1, i_last_tick, i_batch, i_next_tick)
    on conflict do nothing;
    if not found then
        raise exception using errcode = 'serialization_failure',
            message = 'could not serialize access: the consumer''s position has moved since this transaction began';
    end if;
end;
$$ language plpgsql;
