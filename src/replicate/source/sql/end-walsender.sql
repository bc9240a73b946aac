select pg_catalog.pg_terminate_backend(slot.active_pid)::text as ended
from pg_catalog.pg_replication_slots as slot
where slot.slot_name = $1::text and slot.database = current_database() and slot.active_pid is not null
