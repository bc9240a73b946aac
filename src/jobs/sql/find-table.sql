select pg_catalog.to_regclass($1)::text as found
