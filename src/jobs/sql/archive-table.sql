select (select pg_catalog.json_agg(a.attname order by a.attnum)
          from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '')::text as columns,
       (select pg_catalog.json_agg(pg_catalog.json_build_object('name', a.attname,
                 'type', pg_catalog.format_type(a.atttypid, a.atttypmod)) order by k.place)
          from pg_catalog.pg_index i
               cross join lateral pg_catalog.unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
               join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
         where i.indrelid = c.oid and i.indisprimary)::text as key,
       (select pg_catalog.string_agg(f.conrelid::pg_catalog.regclass::text, ', ')
          from pg_catalog.pg_constraint f
         where f.confrelid = c.oid and f.contype = 'f' and f.confdeltype in ('c', 'n', 'd')) as dependents
  from pg_catalog.pg_class c
 where c.oid = pg_catalog.to_regclass($1)
