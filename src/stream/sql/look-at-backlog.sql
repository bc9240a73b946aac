-- How far the source is, and where decoding of a slot stands; the slot's part is NULL when there is none.
select pg_catalog.pg_is_in_recovery()::text as is_standby,
       case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
            else pg_catalog.pg_current_wal_flush_lsn() end::text as source_end,
       s.restart_lsn::text as restart_lsn,
       s.confirmed_flush_lsn::text as position
  from (select) as one
  left join pg_catalog.pg_replication_slots s on s.slot_name = $1
