-- The names in a list with commas; blanks around them are not part of them.
create or replace function pgq._trigger_list(list text)
returns text[] as $$
    select array(select pg_catalog.btrim(name) from pg_catalog.unnest(pg_catalog.string_to_array(list, ',')) name);
$$ language sql immutable;
