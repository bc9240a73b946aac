-- Which of the tables were truncated, rewritten or dropped since this transaction's snapshot. A TRUNCATE
-- empties a table also for older snapshots, and gives it another file: a row of pg_class is read as of the
-- snapshot, the function tells the file of now.
select c.oid::text as oid
from pg_class c
where c.oid = any ($1::text::oid[])
  and c.relfilenode is distinct from pg_relation_filenode(c.oid)
