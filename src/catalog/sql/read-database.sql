select json_build_object(
  'version', current_setting('server_version_num')::int,
  'name', d.datname,
  'oid', d.oid::int8,
  'systemId', (select system_identifier::text from pg_control_system()),
  'startedAtUs', (extract(epoch from pg_postmaster_start_time()) * 1000000)::int8,
  'encoding', pg_encoding_to_char(d.encoding),
  'collation', d.datcollate,
  'ctype', d.datctype,
  'collationProvider', d.datlocprovider,
  'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
  'isStandby', pg_is_in_recovery(),
  'isReadOnly', current_setting('transaction_read_only')::boolean,
  'walLevel', current_setting('wal_level'),
  'maxReplicationSlots', current_setting('max_replication_slots')::int,
  'usedReplicationSlots', (select count(*)::int from pg_replication_slots),
  'maxWalSenders', current_setting('max_wal_senders')::int,
  -- A replication connection of ours that is not following yet is the one we are about to use.
  'usedWalSenders', (
    select count(*)::int from pg_stat_get_wal_senders() s
    left join pg_stat_activity a on a.pid = s.pid
    where not (coalesce(a.usename = current_user and a.state = 'idle', false)
               and a.application_name like 'sluice %')),
  'reservedConnections', current_setting('superuser_reserved_connections')::int,
  'maxConnections', current_setting('max_connections')::int,
  'maxSlotWalKeepMb', (select setting::int8 from pg_settings where name = 'max_slot_wal_keep_size'),
  'idleSlotTimeoutS', (
    select case unit when 'min' then setting::int8 * 60 when 'ms' then setting::int8 / 1000
                     else setting::int8 end
    from pg_settings where name = 'idle_replication_slot_timeout'),
  'port', current_setting('port')::int,
  'isLocalSocket', inet_server_addr() is null,
  'dataDirectory', (select setting from pg_settings where name = 'data_directory'),
  'databaseBytes', case when has_database_privilege(d.oid, 'CONNECT')
                        then pg_database_size(d.oid) end,
  'blockSize', current_setting('block_size')::int
)::text as facts
from pg_database d
where d.datname = current_database()
