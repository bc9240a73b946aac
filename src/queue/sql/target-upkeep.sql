-- The original's pgq_ext has nothing to compact.
select pg_catalog.has_function_privilege(pg_catalog.to_regprocedure('pgq_ext.maint_compact()'), 'execute') as may_compact
