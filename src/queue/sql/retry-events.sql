-- Only for the original's schema, which knows one event at a time and no dead letters.
select count(pgq.event_retry($1::int8, e.id, pg_catalog.clock_timestamp() + e.after))::text as count
  from unnest($2::int8[], $3::interval[]) as e (id, after)
