select pgq.fail_lease($1, $2, $3::int8, $4, $5, $6::interval, $7)::text as failed
