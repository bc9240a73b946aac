-- As lock-consumer, until the transaction ends: behind a pooler no session is ours.
select pg_catalog.pg_try_advisory_xact_lock(
  pg_catalog.hashtextextended('pgq consumer ' || $1, 0)) as is_ours
