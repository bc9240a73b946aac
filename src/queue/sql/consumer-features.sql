-- What this database has of what consumers can use. ours: dead letters, leases and progress; joining: batches of
-- several ticks.
select pg_catalog.to_regprocedure('pgq.next_batch_info(text, text)') is not null as queues,
       pg_catalog.to_regprocedure('pgq_coop.next_batch(text, text, text, interval)') is not null as cooperation,
       pg_catalog.to_regprocedure('pgq.set_aside_events(int8, int8[], text[], interval[], text[])') is not null as ours,
       pg_catalog.to_regprocedure('pgq.next_batch_joined(text, text, int4)') is not null as joining,
       coalesce(pg_catalog.has_function_privilege(
         pg_catalog.to_regprocedure('pgq.tick_eagerly(int4[])'), 'execute'), false) as may_tick
