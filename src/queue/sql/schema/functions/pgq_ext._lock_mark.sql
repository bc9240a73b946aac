-- As _find_mark, tracked from now on, and nobody else changes it until this transaction ends.
create or replace function pgq_ext._lock_mark(
    in i_kind text,
    in i_consumer text,
    in i_subconsumer text,
    out track_no int4,
    out step bigint,
    out value bigint)
as $$
declare
    mark record;
begin
    mark := pgq_ext._find_mark(i_kind, i_consumer, i_subconsumer);
    if mark.track_no is null then
        insert into pgq_ext.tracked (track_kind, consumer_id, subconsumer_id)
        values (i_kind, i_consumer, i_subconsumer)
        on conflict do nothing;
    end if;
    -- In a statement of its own: what is read after it is what the one before has left.
    perform from pgq_ext.tracked t
      where t.consumer_id = i_consumer and t.subconsumer_id = i_subconsumer and t.track_kind = i_kind
        for no key update;
    mark := pgq_ext._find_mark(i_kind, i_consumer, i_subconsumer);
    track_no := mark.track_no;
    step := coalesce(mark.step, 0);
    value := mark.value;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
