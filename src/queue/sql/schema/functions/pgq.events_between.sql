-- The events of a queue that the second snapshot sees and the first does not, for whoever looks on: no consumer has
-- to be registered.
create or replace function pgq.events_between(
    i_queue_name text,
    i_after txid_snapshot,
    i_until txid_snapshot)
returns setof pgq.event_template as $$
declare
    queue pgq.queue;
begin
    select * into queue from pgq.queue q where q.queue_name = i_queue_name;
    if not found then
        raise exception 'Queue not found';
    end if;
    return query execute format(
        'select ev.* from %s ev where ev.ev_txid >= $1 and ev.ev_txid < $2 and ev.ev_owner is null'
        || ' and txid_visible_in_snapshot(ev.ev_txid, $3) and not txid_visible_in_snapshot(ev.ev_txid, $4)'
        || ' order by ev.ev_id', pgq.quote_fqname(queue.queue_data_pfx))
    using txid_snapshot_xmin(i_after), txid_snapshot_xmax(i_until), i_until, i_after;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
