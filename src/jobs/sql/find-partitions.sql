select c.relname::text as name
  from pg_catalog.pg_class c
 where c.relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident($1))
   and pg_catalog.obj_description(c.oid, 'pg_class') = $2
 order by c.relname
