-- A list without some names.
create or replace function pgq._trigger_without(list text[], names text[])
returns text[] as $$
begin
    if names is null then
        return list;
    end if;
    return array(select name from pg_catalog.unnest(list) name where not name = any (names));
end;
$$ language plpgsql immutable;
