-- Whether pg_dump is at work here, as far as this role sees that. Its snapshot is older than its locks: of a log that is
-- emptied in between it would keep nothing, and say nothing.
create or replace function pgq._is_being_dumped()
returns boolean as $$
    select exists (
        select from pg_stat_activity a
         where a.datname = current_database()
           and a.application_name = 'pg_dump');
$$ language sql set search_path = pg_catalog, pg_temp;
