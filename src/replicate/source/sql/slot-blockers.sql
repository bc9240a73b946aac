select pid::text as pid, coalesce(application_name, '') as application,
       pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp() - xact_start))::text as seconds
from pg_catalog.pg_stat_activity
where (backend_xid is not null or backend_xmin is not null) and pid <> pg_catalog.pg_backend_pid()
  and backend_type = 'client backend'
order by xact_start nulls last
limit 3
