select role as name
  from pg_catalog.unnest(array['pgq_reader', 'pgq_writer', 'pgq_admin']) role
 where pg_catalog.to_regrole(role) is null
