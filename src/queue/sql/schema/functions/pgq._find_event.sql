-- One event of an open batch.
create or replace function pgq._find_event(
    in i_batch_id bigint,
    in i_event_id bigint,
    out ev_id bigint,
    out ev_time timestamptz,
    out ev_retry int4,
    out ev_type text,
    out ev_data text,
    out ev_extra1 text,
    out ev_extra2 text,
    out ev_extra3 text,
    out ev_extra4 text)
as $$
begin
    perform from pgq._find_batch(i_batch_id);
    if not found then
        perform pgq._raise_stale_snapshot();
        raise exception 'event not found';
    end if;
    execute format('select ev_id, ev_time, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4'
                   || ' from (%s) events where ev_id = $1 limit 1', pgq.batch_event_sql(i_batch_id))
       into ev_id, ev_time, ev_retry, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4
      using i_event_id;
    if ev_id is null then
        raise exception 'event not found';
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
