-- The partitions below these partitioned tables, each with the top it was found from.
select r.root::oid::text as root, t.relid::oid::text as oid, t.isleaf::text as is_leaf
from unnest($1::text::oid[]) as r (root), pg_partition_tree(r.root) as t
