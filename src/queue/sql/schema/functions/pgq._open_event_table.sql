-- The table that takes a queue's events now, after what an insert has to tell. Whoever calls has a transaction id
-- already, and has checked what it has to.
create or replace function pgq._open_event_table(i_queue_id int4)
returns text as $$
declare
    state bigint := pg_sequence_last_value(format('pgq.event_%s_state', i_queue_id));
begin
    perform pgq._before_insert(i_queue_id, state & ~16::bigint);
    return (select pgq.quote_fqname(q.queue_data_pfx || '_' || (state & 15))
              from pgq.queue q
             where q.queue_id = i_queue_id);
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
