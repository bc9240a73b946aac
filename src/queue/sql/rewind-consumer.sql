select pgq.register_consumer_at($1, $2, $3::int8)::text as is_new
