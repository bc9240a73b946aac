-- The first dot separates schema and name; without one the schema is public.
create or replace function pgq.quote_fqname(i_name text)
returns text as $$
    select case
             when pg_catalog.strpos(i_name, '.') operator(pg_catalog.>) 0 then pg_catalog.format('%I.%I',
               pg_catalog.split_part(i_name, '.', 1),
               pg_catalog.substr(i_name, pg_catalog.strpos(i_name, '.') operator(pg_catalog.+) 1))
             else pg_catalog.format('public.%I', i_name)
           end;
$$ language sql immutable strict;
