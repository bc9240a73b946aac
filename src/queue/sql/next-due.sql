select pgq.next_due() <= pg_catalog.clock_timestamp() as is_due
