-- Puts an event into its queue's table with every field given; i_is_new: the queue may refuse it. Its number.
create or replace function pgq._put_event(
    i_queue_id int4,
    i_is_new boolean,
    i_id bigint,
    i_time timestamptz,
    i_owner int4,
    i_retry int4,
    i_type text,
    i_data text,
    i_extra1 text,
    i_extra2 text,
    i_extra3 text,
    i_extra4 text)
returns bigint as $$
declare
    -- First of all, as in the queue's own insert function.
    txid bigint := txid_current();
    -- In any case: by the sequence a ticker sees that there is something new.
    id bigint := nextval(pgq.quote_fqname((select q.queue_event_seq from pgq.queue q where q.queue_id = i_queue_id)));
begin
    if i_is_new then
        perform pgq._check_insert(i_queue_id);
    end if;
    id := coalesce(i_id, id);
    execute format(
        'insert into %s (ev_id, ev_time, ev_txid, ev_owner, ev_retry,'
        || ' ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)'
        || ' values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', pgq._open_event_table(i_queue_id))
      using id, coalesce(i_time, now()), txid, i_owner, i_retry, i_type, i_data, i_extra1, i_extra2, i_extra3, i_extra4;
    return id;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
