-- The generated columns of a table: stored ('s'), or virtual ('v'), which a trigger does not see the values of.
create or replace function pgq._trigger_generated(relation oid, kind "char")
returns text[] as $$
begin
    return array(
        select a.attname::text
          from pg_attribute a
         where a.attrelid = relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = kind);
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
