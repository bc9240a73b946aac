-- Events for a time to come; every consumer gets them.
create table pgq.delayed_event (
  ev_due timestamptz not null,
  ev_queue int not null references pgq.queue (queue_id) on delete cascade,
  ev_id bigint not null,
  ev_time timestamptz not null default now(),
  ev_type text,
  ev_data text,
  ev_extra1 text,
  ev_extra2 text,
  ev_extra3 text,
  ev_extra4 text,
  primary key (ev_queue, ev_id)
);
create index delayed_event_due_idx on pgq.delayed_event (ev_due);

-- What consumers give up is in 005-set-aside.sql: pgq.dead_event, pgq.running_event.

-- Keys of events that must not come twice within a time.
create table pgq.unique_event (
  unq_queue int not null references pgq.queue (queue_id) on delete cascade,
  unq_key text not null,
  unq_until timestamptz not null,
  primary key (unq_queue, unq_key)
);
create index unique_event_until_idx on pgq.unique_event (unq_until);

alter table pgq.queue_option add column dead_retention interval not null default '30 days';

-- Compaction: how large a log was after its last one, and where its rows are while the log is emptied.
create table pgq.log_size (
  log_name text primary key,
  bytes bigint not null
);
create unlogged table pgq.kept_row (kept text not null);
