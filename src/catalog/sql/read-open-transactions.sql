-- Transactions that have written, oldest first: a new slot waits for all of them, in every database.
-- pg_locks tells every role who they are; what they do is shown to pg_read_all_stats only.
select json_build_object(
  'pid', l.pid,
  'gid', p.gid,
  'database', coalesce(p.database, a.datname),
  'owner', coalesce(p.owner, a.usename),
  'application', a.application_name,
  'ageS', extract(epoch from clock_timestamp() - coalesce(p.prepared, a.xact_start))
)::text as facts
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
left join pg_prepared_xacts p on p.transaction = l.transactionid
where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
  and l.pid is distinct from pg_backend_pid()
order by coalesce(p.prepared, a.xact_start)
