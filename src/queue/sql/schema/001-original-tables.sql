-- The tables of the original that stay tables, with its columns, names of constraints and sequences:
-- scripts, and pgq_node, refer to them. A database that is adopted has them already.
create table pgq.consumer (
  co_id serial,
  co_name text not null,
  constraint consumer_pkey primary key (co_id),
  constraint consumer_name_uq unique (co_name)
);

create table pgq.queue (
  queue_id serial,
  queue_name text not null,
  queue_ntables int not null default 3,
  queue_cur_table int not null default 0,
  queue_rotation_period interval not null default '2 hours',
  queue_switch_step1 bigint not null default txid_current(),
  queue_switch_step2 bigint default txid_current(),
  queue_switch_time timestamptz not null default now(),
  queue_external_ticker boolean not null default false,
  queue_disable_insert boolean not null default false,
  queue_ticker_paused boolean not null default false,
  queue_ticker_max_count int not null default 500,
  queue_ticker_max_lag interval not null default '3 seconds',
  queue_ticker_idle_period interval not null default '1 minute',
  queue_per_tx_limit int,
  queue_data_pfx text not null,
  queue_event_seq text not null,
  queue_tick_seq text not null,
  queue_extra_maint text[],
  constraint queue_pkey primary key (queue_id),
  constraint queue_name_uq unique (queue_name)
);

create sequence pgq.batch_id_seq;

create table pgq.event_template (
  ev_id bigint not null,
  ev_time timestamptz not null,
  ev_txid bigint not null default txid_current(),
  ev_owner int,
  ev_retry int,
  ev_type text,
  ev_data text,
  ev_extra1 text,
  ev_extra2 text,
  ev_extra3 text,
  ev_extra4 text
);

create table pgq.retry_queue (
  ev_retry_after timestamptz not null,
  ev_queue int not null,
  like pgq.event_template,
  constraint rq_pkey primary key (ev_owner, ev_id),
  constraint rq_queue_id_fkey foreign key (ev_queue) references pgq.queue (queue_id)
);
alter table pgq.retry_queue alter column ev_txid drop not null;
create index rq_retry_idx on pgq.retry_queue (ev_retry_after);
