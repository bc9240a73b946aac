-- Writes pgq.insert_event: which queue's own insert function a name means. Each session compiles of it only what
-- it comes by. Where there are queues in the WAL alone, their part is written as an SQL function before it, which
-- is inlined: with a constant name nothing is left of it but the queue's expression.
create or replace function pgq._write_insert_event()
returns void as $$
declare
    arguments constant text := 'queue_name text, ev_type text, ev_data text,'
        || ' ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text';
    tables text;
    wal text;
begin
    perform pg_advisory_xact_lock(hashtext('pgq.insert_event'), 0);
    select pgq._insert_branches(
               coalesce(array_agg(q.queue_name order by q.queue_name collate "C") filter (where o.kind = 'table'), '{}'),
               coalesce(array_agg(q.queue_id order by q.queue_name collate "C") filter (where o.kind = 'table'), '{}')),
           string_agg(format(E' when %L then %s', q.queue_name, pgq._wal_insert_expression(q.queue_name)), '')
               filter (where o.wal_is_open)
      into tables, wal
      from pgq.queue q
      join pgq.queue_option o using (queue_id);
    execute format($function$
        create or replace function pgq.%1$s(%2$s)
        returns bigint as $body$
        begin%3$s
            return pgq._insert_event_by_name(queue_name, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4);
        end;
        $body$ language plpgsql security definer$function$,
        case when wal is null then 'insert_event' else '_insert_table_event' end, arguments, tables);
    if wal is not null then
        execute format($function$
            create or replace function pgq.insert_event(%1$s)
            returns bigint as $body$
                select case queue_name%2$s
                 else pgq._insert_table_event(queue_name, ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4)
                end;
            $body$ language sql$function$, arguments, wal);
        perform pgq._copy_grants('pgq.insert_event(text,text,text,text,text,text,text)', 'pgq._insert_table_event');
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
