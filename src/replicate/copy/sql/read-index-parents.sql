-- Indexes of partitions and the index of the parent that each is attached to.
select inhrelid::oid::text as child, inhparent::oid::text as parent
from pg_inherits
where inhrelid = any ($1::text::oid[])
