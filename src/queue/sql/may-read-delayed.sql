-- The original has no events for later.
select coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass('pgq.delayed_event'), 'select'), false) as may
