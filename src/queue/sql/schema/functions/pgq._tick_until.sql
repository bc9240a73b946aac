-- tick_until of a new tick. Inserts take their transaction id before their event's number: a transaction id that
-- is taken after the last number was read is above all of theirs.
create or replace function pgq._tick_until(
    i_event_seq bigint,
    i_has_events boolean,
    i_last_event_seq bigint,
    i_last_until bigint,
    i_had_txid boolean)
returns bigint as $$
    select case
             when not i_has_events then 0
             when i_event_seq = i_last_event_seq and i_last_until > 0 then i_last_until
             when not i_had_txid then txid_current()
           end;
$$ language sql;
