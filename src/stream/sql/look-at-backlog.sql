-- How far the source is, and how a slot stands; the slot's part is NULL when there is none. What came with a newer
-- version (failover with 17, the timeout with 18) is asked for so that an older one understands, too.
select pg_catalog.pg_is_in_recovery()::text as is_standby,
       case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
            else pg_catalog.pg_current_wal_flush_lsn() end::text as source_end,
       coalesce(pg_catalog.current_setting('idle_replication_slot_timeout', true), '0') as idle_timeout,
       s.restart_lsn::text as restart_lsn,
       s.confirmed_flush_lsn::text as position,
       (s.active_pid is not null)::text as is_active,
       (pg_catalog.to_jsonb(s) ->> 'failover') as is_failover
  from (select) as one
  left join pg_catalog.pg_replication_slots s on s.slot_name = $1
