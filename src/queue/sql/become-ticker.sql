-- Whether no other session ticks this database now. Inserts see by this lock whether somebody hears a NOTIFY.
select pg_catalog.pg_try_advisory_lock(
  pg_catalog.hashtext('pgq'), pg_catalog.hashtext('ticker')) as is_ours
