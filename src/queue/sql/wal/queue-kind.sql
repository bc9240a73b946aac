-- Null: there is no such queue.
select (select o.kind
          from pgq.queue q
          join pgq.queue_option o using (queue_id)
         where q.queue_name = $1) as kind,
       pg_catalog.current_setting('server_encoding') as encoding,
       pg_catalog.current_database() as database
