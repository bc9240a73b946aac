select pg_catalog.pg_xact_status($1::xid8) as status
