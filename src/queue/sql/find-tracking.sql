select pg_catalog.to_regclass('pgq_ext.migration') is not null as is_ours
