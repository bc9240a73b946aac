-- The grants of a queue's tables and sequences: those of pgq.event_template.
create or replace function pgq.grant_perms(x_queue_name text)
returns integer as $$
declare
    queue pgq.queue;
    parent text[];
begin
    select * into queue from pgq.queue q where q.queue_name = x_queue_name;
    if not found then
        raise exception 'Queue not found';
    end if;
    execute format('grant select on %s, %s to public',
        pgq.quote_fqname(queue.queue_tick_seq), pgq.quote_fqname(queue.queue_event_seq));
    if to_regrole('pgq_admin') is not null then
        execute format('grant usage on %s to pgq_admin', pgq.quote_fqname(queue.queue_event_seq));
    end if;
    parent := parse_ident(pgq.quote_fqname(queue.queue_data_pfx));
    perform pgq._grant_perms_from('pgq', 'event_template', parent[1], parent[2]);
    for nr in 0 .. queue.queue_ntables - 1 loop
        perform pgq._grant_perms_from('pgq', 'event_template', parent[1], parent[2] || '_' || nr);
    end loop;
    return 1;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
