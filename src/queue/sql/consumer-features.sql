-- What this database has of what consumers can use.
select pg_catalog.to_regprocedure('pgq.next_batch_info(text, text)') is not null as queues,
       pg_catalog.to_regprocedure('pgq_coop.next_batch(text, text, text, interval)') is not null as cooperation,
       pg_catalog.to_regprocedure('pgq.set_aside_events(int8, int8[], text[], interval[], text[])') is not null as "deadLetters",
       pg_catalog.to_regprocedure('pgq.lease_events(int8, int8[], interval, text)') is not null as leases,
       pg_catalog.to_regprocedure('pgq.tick_eagerly(int4[])') is not null as "eagerTicks"
