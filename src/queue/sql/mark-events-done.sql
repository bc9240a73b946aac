select count(pgq_ext.set_event_done($1, $2, $3::int8, e.id))::text as count
  from pg_catalog.unnest($4::int8[]) as e (id)
