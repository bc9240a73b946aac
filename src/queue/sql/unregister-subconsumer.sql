select pgq_coop.unregister_subconsumer($1, $2, $3, 0)::text as was_registered
