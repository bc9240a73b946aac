-- The types of these tables' columns, and the types inside them.
with recursive reached (oid) as (
  select a.atttypid from pg_attribute a
  where a.attrelid = any ($1::text::oid[]) and a.attnum > 0 and not a.attisdropped
  union
  select part.oid
  from reached r
  join pg_type t on t.oid = r.oid
  cross join lateral (
    select t.typelem where t.typsubscript = 'array_subscript_handler'::regproc
    union all
    select t.typbasetype where t.typtype = 'd'
    union all
    select g.rngsubtype from pg_range g where g.rngtypid = t.oid or g.rngmultitypid = t.oid
    union all
    select a.atttypid from pg_attribute a
    where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) part (oid)
  where part.oid <> 0
)
select json_build_object(
  'oid', t.oid::int8,
  'schema', n.nspname,
  'name', t.typname,
  'kind', t.typtype,
  'isArray', t.typsubscript = 'array_subscript_handler'::regproc,
  'elementOid', t.typelem::int8,
  'baseOid', t.typbasetype::int8,
  'baseModifier', t.typtypmod,
  'subtypeOid', (select g.rngsubtype::int8 from pg_range g
                 where g.rngtypid = t.oid or g.rngmultitypid = t.oid),
  'attributes', (select coalesce(json_agg(json_build_object(
                     'name', a.attname, 'typeOid', a.atttypid::int8, 'typeModifier', a.atttypmod)
                   order by a.attnum), '[]')
                 from pg_attribute a
                 where t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0
                   and not a.attisdropped),
  'labels', (select coalesce(json_agg(e.enumlabel order by e.enumsortorder), '[]')
             from pg_enum e where e.enumtypid = t.oid),
  'hasBinary', t.typsend <> 0 and t.typreceive <> 0,
  'extension', (select x.extname || ' ' || x.extversion
                from pg_depend d join pg_extension x on x.oid = d.refobjid
                where d.classid = 'pg_type'::regclass and d.objid = t.oid
                  and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e')
)::text as facts
from reached r
join pg_type t on t.oid = r.oid
join pg_namespace n on n.oid = t.typnamespace
order by t.oid
