-- Whether a type is an array, or a domain over one.
create or replace function pgq._trigger_is_array(type_id oid)
returns boolean as $$
    select case when t.typtype = 'd' then pgq._trigger_is_array(t.typbasetype)
                else t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc end
      from pg_catalog.pg_type t
     where t.oid = type_id;
$$ language sql stable;
