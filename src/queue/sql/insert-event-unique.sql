select pgq.insert_event_unique($1, $2, $3::interval, $4, $5, $6, $7, $8, $9)::text as id
