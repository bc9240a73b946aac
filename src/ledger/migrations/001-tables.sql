-- One row a pipeline that writes into this database. The row is the pipeline's position and its
-- ownership at once: whoever raised the epoch last owns it.
create table sluice.pipeline (
  name text primary key,
  epoch bigint not null,
  source_system_id text not null,
  source_database text not null,
  slot text not null,
  publication text not null,
  -- Everything of the source that commits up to here is in this database. Null until the first
  -- slot's consistent point is known.
  position pg_lsn,
  written_at timestamptz,
  -- A position that apply must not go beyond while hold_owner (a backend of this server) lives.
  hold_lsn pg_lsn,
  hold_owner int,
  -- Names the durable spill that holds what is confirmed to the source beyond position.
  spill text,
  created_at timestamptz not null default now()
);

create table sluice.pipeline_table (
  pipeline text not null references sluice.pipeline (name),
  schema_name text not null,
  table_name text not null,
  state text not null check (state in ('pending', 'copying', 'copied', 'indexing', 'ready')),
  -- The copy holds every commit up to here, the stream is applied from here on (exclusive).
  snapshot_lsn pg_lsn,
  rows bigint,
  bytes bigint,
  copied_at timestamptz,
  primary key (pipeline, schema_name, table_name)
);

-- Receipts: a row exists when the rows of that range are here, from the snapshot at snapshot_lsn.
create table sluice.copy_range (
  pipeline text not null references sluice.pipeline (name),
  schema_name text not null,
  table_name text not null,
  range_no int not null,
  first_block bigint not null,
  end_block bigint,
  snapshot_lsn pg_lsn not null,
  rows bigint not null,
  done_at timestamptz not null default now(),
  primary key (pipeline, schema_name, table_name, range_no)
);

-- What we dropped for the time of a copy, with the SQL that brings it back. The row commits with
-- the drop, so that no crash can lose a definition.
create table sluice.dropped_object (
  pipeline text not null references sluice.pipeline (name),
  schema_name text not null,
  table_name text not null,
  ordinal int not null,
  kind text not null,
  object_name text not null,
  definition text not null,
  dropped_at timestamptz not null default now(),
  restored_at timestamptz,
  primary key (pipeline, schema_name, table_name, ordinal)
);
