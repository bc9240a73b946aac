select pgq.insert_event($1, $2, $3, $4, $5, $6, $7)::text as id
