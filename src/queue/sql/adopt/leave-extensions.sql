-- The original's objects stay; its extension, and those that need it, are only lists of them.
do $$
declare
  extension name;
  member record;
begin
  for extension in
    select e.extname
      from pg_catalog.pg_extension e
     where e.extname in ('pgq', 'pgq_node', 'pgq_coop', 'pgq_ext', 'londiste')
     order by e.extname = 'pgq', e.extname <> 'londiste'
  loop
    for member in
      select i.type, i.identity
        from pg_catalog.pg_depend d
        join pg_catalog.pg_extension e on e.oid = d.refobjid,
             pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) i
       where d.refclassid = 'pg_catalog.pg_extension'::regclass
         and d.deptype = 'e'
         and e.extname = extension
    loop
      execute pg_catalog.format('alter extension %I drop %s %s', extension,
        case member.type when 'composite type' then 'type' else member.type end, member.identity);
    end loop;
    execute pg_catalog.format('drop extension %I', extension);
  end loop;
end
$$
