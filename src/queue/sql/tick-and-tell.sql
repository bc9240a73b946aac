-- Ticks what is due, and tells the consumers which queues have a new batch: once a round, never once an event. A NOTIFY
-- holds less than 8000 bytes; consumers of a queue with a longer name look by themselves.
with looked as materialized (
  select queue_id, ticked, unsettled from pgq.tick_eagerly($1::int4[])
), told as materialized (
  select count(pg_catalog.pg_notify('pgq_tick', pg_catalog.left(q.queue_name, 1999))) as count
    from looked
    join pgq.queue q using (queue_id)
   where looked.ticked
)
select looked.queue_id, looked.ticked, looked.unsettled
  from looked, told
