-- Writes the function that inserts into one queue. It is never written again when the queue's table changes: it
-- asks the state, and holds an INSERT for each table.
--
-- The order is what keeps events: the transaction id, then the event's number, then the state. A ticker that has
-- read the number knows that the transaction exists; a rotation that has changed the state knows that whoever
-- writes to the table before has a transaction id below its own.
create or replace function pgq._write_queue_insert(i_queue_id int4)
returns void as $$
declare
    queue pgq.queue;
    inserts text;
begin
    select * into queue from pgq.queue q where q.queue_id = i_queue_id;
    select string_agg(format($insert$
        %s state operator(pg_catalog.&) 15 operator(pg_catalog.=) %s then
            insert into %s (ev_id, ev_time, ev_txid, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
            values (id, pg_catalog.now(), txid, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4);$insert$,
               case nr when 0 then 'if' else 'elsif' end, nr, pgq.quote_fqname(queue.queue_data_pfx || '_' || nr)),
               '' order by nr)
      into inserts
      from generate_series(0, queue.queue_ntables - 1) nr;
    execute format($function$
        create or replace function pgq.event_%1$s_insert(
            ev_type text, ev_data text, ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
        returns bigint as $body$
        declare
            txid bigint := pg_catalog.txid_current();
            id bigint := pg_catalog.nextval(%2$L::pg_catalog.regclass);
            state bigint := pg_catalog.pg_sequence_last_value('pgq.event_%1$s_state'::pg_catalog.regclass);
        begin
            if state operator(pg_catalog.>=) 16 then
                perform pgq._before_insert(%1$s, state);
            end if;%3$s
            end if;
            return id;
        end;
        $body$ language plpgsql$function$,
        i_queue_id, pgq.quote_fqname(queue.queue_event_seq), inserts);
    execute format('revoke all on function pgq.event_%s_insert(text, text, text, text, text, text) from public', i_queue_id);
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
