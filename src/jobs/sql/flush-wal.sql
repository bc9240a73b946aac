-- A transaction that has written WAL: its commit waits until all before it is flushed.
select pg_catalog.pg_logical_emit_message(true, 'sluice_jobs', '')::text
