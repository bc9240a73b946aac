select exists (select from pgq.queue where queue_name = $1) as is_there,
       pg_catalog.current_database() as database
