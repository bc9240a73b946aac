select pgq.end_lease($1, $2, $3::int8, $4)::text as ended
