-- What changes with every batch is only appended here: a row that is never updated leaves no dead version
-- behind that a held snapshot keeps. pgq.compact_logs() takes out what is superseded.

-- Ticks. tick_until: transactions from here on have no event that tick_event_seq counts; 0 when no event has a
-- number yet (tick_event_seq is 1 then, as the original's), null when it is not known.
create table pgq.tick_log (
  tick_queue int not null,
  tick_id bigint not null,
  tick_time timestamptz not null default now(),
  tick_snapshot txid_snapshot not null default txid_current_snapshot(),
  tick_event_seq bigint not null,
  tick_until bigint,
  constraint tick_log_pkey primary key (tick_queue, tick_id)
);

-- Registrations. Sub-consumers of pgq_coop share their main consumer's sub_id, which owns retried events.
create table pgq.subscriber (
  sub_no serial primary key,
  sub_id int not null,
  sub_queue int not null references pgq.queue (queue_id),
  sub_consumer int not null references pgq.consumer (co_id),
  constraint subscriber_key unique (sub_queue, sub_consumer)
);
create sequence pgq.subscription_sub_id_seq as int owned by pgq.subscriber.sub_id;
alter table pgq.subscriber alter column sub_id set default nextval('pgq.subscription_sub_id_seq');

-- Where subscribers have been; the highest step is where one is. A change is the step after it, so that of two
-- writers who have seen the same position one fails on the key.
create table pgq.position_log (
  pos_subscriber int not null,
  pos_step bigint not null,
  pos_last_tick bigint,
  pos_active timestamptz not null default now(),
  pos_batch bigint,
  pos_next_tick bigint,
  constraint position_log_pkey primary key (pos_subscriber, pos_step)
);
create index position_log_batch_idx on pgq.position_log (pos_batch) where pos_batch is not null;

-- The transaction that compacted last. As a sequence, because no snapshot hides its value: a transaction
-- with an older snapshot finds these logs empty, and learns here why.
create sequence pgq.compaction_seq minvalue 0 start 0;

-- Settings that the original does not have. tick_floor: ticks below it are no more, their events are gone.
create table pgq.queue_option (
  queue_id int primary key references pgq.queue (queue_id) on delete cascade,
  kind text not null default 'table' check (kind in ('table', 'wal')),
  eager boolean not null default true,
  tick_floor bigint not null default 0
);
