select d.datname::text as name
  from pg_catalog.pg_database d
 where d.datallowconn and not d.datistemplate
 order by d.datname
