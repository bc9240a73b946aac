-- Changes bits of a queue's state, at once for everybody, whatever becomes of this transaction:
-- 0-15 the number of the current table, 16 an insert has to look at the queue's row, 32 an insert has to NOTIFY.
create or replace function pgq._set_queue_state(i_queue_id int4, i_clear int4, i_set int4)
returns void as $$
declare
    state_seq regclass := format('pgq.event_%s_state', i_queue_id);
    lock_class int4 := hashtext('pgq.event_state');
    before bigint;
    after bigint;
begin
    perform pg_advisory_lock(lock_class, i_queue_id);
    before := pg_sequence_last_value(state_seq);
    after := (before & ~i_clear) | i_set;
    if after <> before then
        perform setval(state_seq, after);
    end if;
    perform pg_advisory_unlock(lock_class, i_queue_id);
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
