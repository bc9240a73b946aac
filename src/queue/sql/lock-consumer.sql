-- One process works for a consumer, the others stand by; held as long as the session lives.
select pg_catalog.pg_try_advisory_lock(
  pg_catalog.hashtextextended('pgq consumer ' || $1, 0)) as is_ours
