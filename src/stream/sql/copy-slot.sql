-- A temporary slot that stands where another does, in place of what this session had; it ends with the session.
with dropped as materialized (
  select count(pg_catalog.pg_drop_replication_slot(slot_name)) as count
    from pg_catalog.pg_replication_slots
   where slot_name = $2 and temporary and active_pid = pg_catalog.pg_backend_pid()
)
select pg_catalog.pg_copy_logical_replication_slot($1::name, $2::name, true)
  from dropped
 where count is not null
