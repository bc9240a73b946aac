-- The names in a list; blanks around them are not part of them.
create or replace function pgq._trigger_trimmed(names text[])
returns text[] as $$
    select array(select pg_catalog.btrim(name) from pg_catalog.unnest(names) name);
$$ language sql immutable;
