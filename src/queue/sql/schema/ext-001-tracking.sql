-- What a target has done: marks that only grow, each with a step of its own. A mark is appended and the one before
-- it deleted; of a tracked thing the highest step counts, so that under a held snapshot a read still takes one row.
create table pgq_ext.tracked (
  track_no serial primary key,
  track_kind text not null check (track_kind in ('tick', 'batch', 'events')),
  consumer_id text not null,
  subconsumer_id text not null,
  constraint tracked_key unique (consumer_id, subconsumer_id, track_kind)
);

-- Null: taken back. Of kind events it is the batch whose events are in event_log, with the same step.
create table pgq_ext.mark_log (
  mark_tracked int not null,
  mark_step bigint not null,
  mark_value bigint,
  constraint mark_log_pkey primary key (mark_tracked, mark_step)
);

create table pgq_ext.event_log (
  event_tracked int not null,
  event_step bigint not null,
  event_id bigint not null,
  constraint event_log_pkey primary key (event_tracked, event_step, event_id)
);

-- The transaction that compacted last, for snapshots that are older and find these logs empty.
create sequence pgq_ext.compaction_seq minvalue 0 start 0;

create table pgq_ext.log_size (
  log_name text primary key,
  bytes bigint not null
);
create unlogged table pgq_ext.kept_row (kept text not null);

create view pgq_ext.mark as
select t.track_no, t.track_kind, t.consumer_id, t.subconsumer_id, m.mark_step, m.mark_value
  from pgq_ext.tracked t
 cross join lateral (
         select * from pgq_ext.mark_log l
          where l.mark_tracked = t.track_no
          order by l.mark_step desc
          limit 1) m
 where m.mark_value is not null;

-- What programs know as tables.
create view pgq_ext.completed_tick as
select consumer_id, subconsumer_id, mark_value as last_tick_id from pgq_ext.mark where track_kind = 'tick';
create view pgq_ext.completed_batch as
select consumer_id, subconsumer_id, mark_value as last_batch_id from pgq_ext.mark where track_kind = 'batch';
create view pgq_ext.partial_batch as
select consumer_id, subconsumer_id, mark_value as cur_batch_id from pgq_ext.mark where track_kind = 'events';
create view pgq_ext.completed_event as
select m.consumer_id, m.subconsumer_id, m.mark_value as batch_id, e.event_id
  from pgq_ext.mark m
  join pgq_ext.event_log e on e.event_tracked = m.track_no and e.event_step = m.mark_step
 where m.track_kind = 'events';
alter view pgq_ext.completed_tick alter column subconsumer_id set default '';
alter view pgq_ext.completed_batch alter column subconsumer_id set default '';
alter view pgq_ext.partial_batch alter column subconsumer_id set default '';
alter view pgq_ext.completed_event alter column subconsumer_id set default '';
