-- A list without some names.
create or replace function pgq._trigger_without(list text[], names text[])
returns text[] as $$
    select array(select name from pg_catalog.unnest(list) name where not name = any (coalesce(names, '{}')));
$$ language sql immutable;
