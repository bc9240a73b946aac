select pg_catalog.pg_replication_slot_advance($1::name, $2::pg_lsn)
