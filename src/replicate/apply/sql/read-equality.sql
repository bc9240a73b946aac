select operator.oprleft::bigint::text as type, namespace.nspname::text as schema
from pg_catalog.pg_operator as operator
join pg_catalog.pg_namespace as namespace on namespace.oid = operator.oprnamespace
where operator.oprname = '=' and operator.oprleft = operator.oprright
  and namespace.nspname <> 'pg_catalog'
