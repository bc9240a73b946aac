-- What keeps this user from installing into, or taking over, this database; null when nothing does.
select case
         when pg_catalog.to_regnamespace('pgq') is null then
           case when not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')
             then pg_catalog.format('%s may not create schemas in %s', current_user, pg_catalog.current_database())
           end
         else (
           select pg_catalog.format('%s is not a member of %s, which owns %s', current_user,
                    o.owner::regrole, pg_catalog.pg_describe_object(o.classid, o.objid, 0))
             from (
               select 'pg_namespace'::regclass, oid, nspowner from pg_catalog.pg_namespace where nspname = 'pgq'
                union all
               select 'pg_extension'::regclass, oid, extowner from pg_catalog.pg_extension
                where extname in ('pgq', 'pgq_node', 'pgq_coop', 'pgq_ext', 'londiste')
                union all
               select 'pg_proc'::regclass, oid, proowner from pg_catalog.pg_proc
                where pronamespace = pg_catalog.to_regnamespace('pgq')
                union all
               select 'pg_class'::regclass, oid, relowner from pg_catalog.pg_class
                where relnamespace = pg_catalog.to_regnamespace('pgq')
             ) as o (classid, objid, owner)
            where not pg_catalog.pg_has_role(o.owner, 'usage')
            limit 1)
       end as reason
