-- Of tables of the source, by oid: blocks of the heap, and bytes with TOAST. Null when the table is gone.
select c.oid::text as oid,
       (pg_relation_size(c.oid) / current_setting('block_size')::bigint)::text as blocks,
       (pg_relation_size(c.oid) + coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0))::text
         as bytes
from pg_class c
where c.oid = any ($1::text::oid[])
