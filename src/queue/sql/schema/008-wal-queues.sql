-- Who follows a queue that lives in the WAL: its slot and publication here, and the database that gets the events.
-- Until the slot is there, an event would go nowhere, and inserts are refused.
alter table pgq.queue_option
  add column wal_slot text,
  add column wal_publication text,
  add column wal_target text,
  add column wal_is_open boolean not null default false;
