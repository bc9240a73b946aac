select pgq.end_progress($1, $2, $3::int8, $4)
