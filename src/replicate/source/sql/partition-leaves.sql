select root.oid::text as root, tree.relid::oid::text as leaf
from unnest($1::oid[]) as root(oid), lateral pg_catalog.pg_partition_tree(root.oid) as tree
where tree.isleaf
