-- The number of a field of an event in the order that pgq.insert_event takes them; null for other names.
create or replace function pgq._trigger_field(name text)
returns int as $$
    select pg_catalog.array_position(
        array['ev_type', 'ev_data', 'ev_extra1', 'ev_extra2', 'ev_extra3', 'ev_extra4'], name);
$$ language sql immutable;
