select json_build_object(
  'serverMajor', current_setting('server_version_num')::int / 10000,
  'oid', c.oid::int8,
  'schema', n.nspname,
  'name', c.relname,
  'kind', c.relkind,
  'persistence', c.relpersistence,
  'isPartition', c.relispartition,
  'parentOid', (select i.inhparent::int8 from pg_inherits i where i.inhrelid = c.oid and c.relispartition),
  'rootOid', case when c.relispartition then pg_partition_root(c.oid)::oid::int8 end,
  'inheritsFrom', (select coalesce(json_agg(i.inhparent::int8 order by i.inhseqno), '[]') from pg_inherits i
                   where i.inhrelid = c.oid and not c.relispartition),
  'hasChildren', exists (select from pg_inherits i where i.inhparent = c.oid),
  'partitionKey', pg_get_partkeydef(c.oid),
  'partitionBound', pg_get_expr(c.relpartbound, c.oid),
  'replicaIdentity', c.relreplident,
  'rowSecurity', c.relrowsecurity,
  'forceRowSecurity', c.relforcerowsecurity,
  'isRowSecurityActive', row_security_active(c.oid),
  'owner', pg_get_userbyid(c.relowner),
  'hasRules', c.relhasrules,
  'accessMethod', (select m.amname from pg_am m where m.oid = c.relam),
  'tablespace', (select s.spcname from pg_tablespace s where s.oid = c.reltablespace),
  'estimatedRows', case when c.reltuples < 0 then null else c.reltuples end,
  'heapBytes', case when c.relkind = 'r' then pg_relation_size(c.oid) else 0 end,
  'totalBytes', case when c.relkind = 'r' then pg_total_relation_size(c.oid) else 0 end,
  'blocks', case when c.relkind = 'r'
                 then pg_relation_size(c.oid) / current_setting('block_size')::int8 else 0 end,
  'columns', (
    select coalesce(json_agg(json_build_object(
      'number', a.attnum,
      'name', a.attname,
      'typeOid', a.atttypid::int8,
      'typeName', quote_ident(tn.nspname) || '.' || quote_ident(t.typname),
      'displayType', format_type(a.atttypid, a.atttypmod),
      'typeModifier', a.atttypmod,
      'isNotNull', a.attnotnull or (t.typtype = 'd' and t.typnotnull),
      'hasDefault', a.atthasdef and a.attgenerated = '' or t.typdefault is not null,
      'generated', a.attgenerated,
      'identity', a.attidentity,
      'collation', (select quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
                    from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
                    where co.oid = a.attcollation)
    ) order by a.attnum), '[]')
    from pg_attribute a
    join pg_type t on t.oid = a.atttypid
    join pg_namespace tn on tn.oid = t.typnamespace
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  )
)::text as facts
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.oid = any ($1::text::oid[])
order by n.nspname, c.relname
