select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('pgq'), pg_catalog.hashtext('install'))
