-- What a target's database has of what consumers can use.
select pg_catalog.to_regprocedure('pgq_ext.set_event_done(text, text, int8, int8)') is not null as tracking
