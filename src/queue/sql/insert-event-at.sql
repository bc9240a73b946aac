select pgq.insert_event_at($1, $2::timestamptz, $3, $4, $5, $6, $7, $8)::text as id
