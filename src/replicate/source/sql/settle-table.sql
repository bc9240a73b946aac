-- Takes a lock on the table and gives it back; null when there is no such table.
select pg_catalog.pg_relation_size($1::oid)::text as bytes
