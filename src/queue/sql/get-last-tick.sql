select pgq_ext.get_last_tick($1, $2)::text as tick_id
