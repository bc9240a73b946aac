-- The version of the original whose interface this is: its programs ask for it.
create or replace function pgq.version()
returns text as $$
    select '3.5';
$$ language sql;
