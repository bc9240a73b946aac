select slot.confirmed_flush_lsn::text as confirmed_flush_lsn,
       slot.wal_status::text as wal_status,
       to_jsonb(slot) ->> 'invalidation_reason' as invalidation_reason,
       slot.active_pid::text as active_pid
from pg_catalog.pg_replication_slots as slot
where slot.slot_name = $1::text and slot.database = current_database()
