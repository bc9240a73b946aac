-- Waits until no other session ticks this database. Inserts see by this lock whether somebody hears a NOTIFY.
select pg_catalog.pg_advisory_lock(pg_catalog.hashtext('pgq'), pg_catalog.hashtext('ticker'))
