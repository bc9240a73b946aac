-- Of another cluster, which this database was restored from.
select pg_catalog.setval('pgq_ext.compaction_seq', 0)
 where pg_catalog.pg_sequence_last_value('pgq_ext.compaction_seq')
       > greatest(pg_catalog.txid_current(), pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()))
