select pgq.report_progress($1, $2, $3::int8, $4, $5, $6::float8, $7::float8, $8)
