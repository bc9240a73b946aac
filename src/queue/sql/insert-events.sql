select pgq.insert_event($1, e.type, e.data, e.extra1, e.extra2, e.extra3, e.extra4)::text as id
  from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
       as e (type, data, extra1, extra2, extra3, extra4)
