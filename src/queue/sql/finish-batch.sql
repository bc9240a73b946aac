select pgq.finish_batch($1::int8)::text as finished
