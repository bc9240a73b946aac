-- The original's programs call it; our installer brings the schema up to date.
create or replace function pgq_ext.upgrade_schema()
returns int4 as $$
    select 0;
$$ language sql;
