-- Writes pgq.insert_event: a case over the queues' names. As a plain SQL function it is inlined, and with a
-- constant name nothing is left of it but the call of the queue's own insert function.
create or replace function pgq._write_insert_event()
returns void as $$
declare
    branches text;
begin
    perform pg_advisory_xact_lock(hashtext('pgq.insert_event'), 0);
    select string_agg(format(
               E'\n             when %L then pgq.event_%s_insert(ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)',
               q.queue_name, q.queue_id), '' order by q.queue_id)
      into branches
      from pgq.queue q
     where to_regprocedure(format('pgq.event_%s_insert(text, text, text, text, text, text)', q.queue_id)) is not null;
    execute format($function$
        create or replace function pgq.insert_event(
            queue_name text, ev_type text, ev_data text,
            ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
        returns bigint as $body$
            select case queue_name%s
             else pgq._insert_event_by_name(queue_name, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
            end;
        $body$ language sql$function$,
        coalesce(branches, E'\n             when null then null'));
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
