-- Whether a ticker of ours is at work in this database; it holds this lock.
create or replace function pgq._has_ticker()
returns boolean as $$
    select exists (
        select from pg_locks l
         where l.locktype = 'advisory'
           and l.granted
           and l.database = (select d.oid from pg_database d where d.datname = current_database())
           and l.classid = hashtext('pgq')::bit(32)::bigint::oid
           and l.objid = hashtext('ticker')::bit(32)::bigint::oid
           and l.objsubid = 2);
$$ language sql set search_path = pg_catalog, pg_temp;
