select json_build_object(
  'name', p.pubname,
  'owner', pg_get_userbyid(p.pubowner),
  'isOurs', pg_has_role(p.pubowner, 'USAGE'),
  'allTables', p.puballtables,
  'insert', p.pubinsert,
  'update', p.pubupdate,
  'delete', p.pubdelete,
  'truncate', p.pubtruncate,
  'viaRoot', p.pubviaroot,
  'generatedColumns', coalesce(to_jsonb(p) ->> 'pubgencols', 'n'),
  'schemas', (select coalesce(json_agg(n.nspname order by n.nspname), '[]')
              from pg_publication_namespace pn join pg_namespace n on n.oid = pn.pnnspid
              where pn.pnpubid = p.oid),
  'tables', (
    select coalesce(json_agg(json_build_object(
        'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname,
        'filter', pg_get_expr(r.prqual, r.prrelid),
        'columns', (select json_agg(a.attname order by a.attnum) from pg_attribute a
                    where r.prattrs is not null and a.attrelid = c.oid
                      and a.attnum = any (r.prattrs::int2[])))
      order by n.nspname, c.relname), '[]')
    from pg_publication_rel r
    join pg_class c on c.oid = r.prrelid
    join pg_namespace n on n.oid = c.relnamespace
    where r.prpubid = p.oid)
)::text as facts
from pg_publication p
order by p.pubname
