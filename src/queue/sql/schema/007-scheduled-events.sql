-- Events that come again and again, by cron expressions; sch_last is the time that the last one was for.
create table pgq.scheduled_event (
  sch_name text primary key,
  sch_queue int not null references pgq.queue (queue_id) on delete cascade,
  sch_cron text not null,
  sch_time_zone text not null default 'UTC',
  sch_last timestamptz not null default now(),
  ev_type text,
  ev_data text,
  ev_extra1 text,
  ev_extra2 text,
  ev_extra3 text,
  ev_extra4 text
);
