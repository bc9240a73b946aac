-- A queue that lives in the WAL, as the database that has it knows it.
select q.queue_id::text as id, o.kind, o.wal_slot as slot, o.wal_publication as publication, o.wal_target as target,
       o.wal_is_open as is_open
  from pgq.queue q
  join pgq.queue_option o using (queue_id)
 where q.queue_name = $1
