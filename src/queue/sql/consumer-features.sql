-- What this database has of what consumers can use. ours: dead letters, leases and progress.
select pg_catalog.to_regprocedure('pgq.next_batch_info(text, text)') is not null as queues,
       pg_catalog.to_regprocedure('pgq_coop.next_batch(text, text, text, interval)') is not null as cooperation,
       pg_catalog.to_regprocedure('pgq.set_aside_events(int8, int8[], text[], interval[], text[])') is not null as ours
