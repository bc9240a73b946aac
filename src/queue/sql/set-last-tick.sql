select pgq_ext.set_last_tick($1, $2, $3::int8)::text as is_set
