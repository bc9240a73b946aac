-- Indexes with all it takes to make them again. What pg_get_indexdef leaves out: tablespace, comment,
-- statistics targets, the CLUSTER and replica identity marks.
select json_build_object(
  'tableOid', x.indrelid::int8,
  'oid', x.indexrelid::int8,
  'schema', n.nspname,
  'name', i.relname,
  'definition', pg_get_indexdef(x.indexrelid),
  'method', am.amname,
  'columns', (select coalesce(json_agg(a.attname order by k.position), '[]')
              from unnest(x.indkey::int2[]) with ordinality as k (number, position)
              join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.number
              where k.position <= x.indnkeyatts and k.number > 0),
  'hasExpressions', x.indexprs is not null,
  'predicate', pg_get_expr(x.indpred, x.indrelid),
  'isPrimary', x.indisprimary,
  'isUnique', x.indisunique,
  'isImmediate', x.indimmediate,
  'isValid', x.indisvalid and x.indisready and x.indislive,
  'isExclusion', x.indisexclusion,
  'isReplicaIdentity', x.indisreplident,
  'isClustered', x.indisclustered,
  'nullsNotDistinct', x.indnullsnotdistinct,
  'isPartitioned', i.relkind = 'I',
  'isAttached', i.relispartition,
  'tablespace', (select s.spcname from pg_tablespace s where s.oid = i.reltablespace),
  'bytes', case when i.relkind = 'i' then pg_relation_size(x.indexrelid) else 0 end,
  'comment', obj_description(x.indexrelid, 'pg_class'),
  'statisticsTargets', (
    select coalesce(json_agg(json_build_object('number', a.attnum, 'target', a.attstattarget)
                             order by a.attnum), '[]')
    from pg_attribute a where a.attrelid = x.indexrelid and a.attstattarget >= 0),
  'dependsOnExtension', exists (
    select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = x.indexrelid
      and d.deptype = 'x'),
  'constraint', (
    select json_build_object(
      'name', con.conname,
      'kind', con.contype,
      'definition', pg_get_constraintdef(con.oid),
      'isDeferrable', con.condeferrable,
      'isDeferred', con.condeferred,
      'isWithoutOverlaps', coalesce((to_jsonb(con) ->> 'conperiod')::boolean, false),
      'comment', obj_description(con.oid, 'pg_constraint'),
      'dependents', (
        select coalesce(json_agg(distinct pg_describe_object(d.classid, d.objid, 0)), '[]')
        from pg_depend d
        where d.refclassid = 'pg_constraint'::regclass and d.refobjid = con.oid and d.deptype = 'n')
    )
    from pg_constraint con
    where con.conindid = x.indexrelid and con.contype in ('p', 'u', 'x')
  )
)::text as facts
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_namespace n on n.oid = i.relnamespace
join pg_am am on am.oid = i.relam
where x.indrelid = any ($1::text::oid[])
order by x.indrelid, x.indisprimary desc, i.relname
