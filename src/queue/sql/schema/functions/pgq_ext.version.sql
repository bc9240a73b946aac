-- The version of the original whose interface this is.
create or replace function pgq_ext.version()
returns text as $$
    select '3.4';
$$ language sql;
