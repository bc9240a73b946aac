select pgq_ext.set_batch_done($1, $2, $3::int8) as is_new
