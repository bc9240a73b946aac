select member.relid::text as oid, namespace.nspname::text as schema_name, relation.relname::text as table_name
from pg_catalog.pg_publication as publication,
     lateral pg_catalog.pg_get_publication_tables(publication.pubname::text) as member
join pg_catalog.pg_class as relation on relation.oid = member.relid
join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
where publication.pubname = $1::text
