select exists (select from pg_catalog.pg_publication p where p.pubname = $1::text) as is_there
