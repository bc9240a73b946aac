-- The events of a consumer that come again, whether they wait for their time or are in the queue already.
select e.ev_id::text as id, e.ev_retry as retry, e.ev_type as type, e.ev_data as data,
       e.ev_extra1 as extra1, e.ev_extra2 as extra2, e.ev_extra3 as extra3, e.ev_extra4 as extra4,
       extract(epoch from e.ev_time)::text as time_s, e.ev_txid::text as txid,
       greatest(0, extract(epoch from e.due - pg_catalog.clock_timestamp()) * 1000)::text as after_ms
  from pgq.events_coming_again($1, $2) e
