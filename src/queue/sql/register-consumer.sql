-- Nothing happens where it is registered already.
select pgq.register_consumer($1, $2)::text as is_new
