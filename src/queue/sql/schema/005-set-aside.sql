-- Events that a consumer gave up, with the last reason; kept until they are redriven or deleted. They go with their
-- queue and with their consumer.
create table pgq.dead_event (
  dead_queue int not null references pgq.queue (queue_id) on delete cascade,
  dead_consumer int not null references pgq.consumer (co_id) on delete cascade,
  dead_time timestamptz not null default clock_timestamp(),
  dead_reason text not null,
  dead_tries int not null,
  like pgq.event_template,
  constraint dead_event_pkey primary key (dead_queue, dead_consumer, ev_id)
);
alter table pgq.dead_event alter column ev_txid drop not null;
create index dead_event_time_idx on pgq.dead_event (dead_time);

-- What is being handled beyond its batch, or has said how far it is. With run_until, a row of pgq.retry_queue goes
-- with it, due when that lease ends: should its worker die, the event comes again by itself.
create table pgq.running_event (
  run_queue int not null references pgq.queue (queue_id) on delete cascade,
  run_owner int not null,
  ev_id bigint not null,
  ev_type text,
  run_worker text not null,
  run_started timestamptz not null default clock_timestamp(),
  run_seen timestamptz not null default clock_timestamp(),
  run_until timestamptz,
  run_done float8,
  run_total float8,
  run_note text,
  constraint running_event_pkey primary key (run_owner, ev_id)
);
