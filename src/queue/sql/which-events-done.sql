select e.id::text as id
  from pg_catalog.unnest($4::int8[]) as e (id)
 where pgq_ext.is_event_done($1, $2, $3::int8, e.id)
