-- The version of the original whose interface this is.
create or replace function pgq_coop.version()
returns text as $$
    select '3.4';
$$ language sql;
