-- Of an array of messages those that are not known, in order. Each is known by its id for the time of $2.
select count(pgq.insert_event_unique($1, e.id, $2::interval, e.type, e.data, e.extra1, e.id, e.extra3))::text as inserted
  from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       as e (id, type, data, extra1, extra3)
