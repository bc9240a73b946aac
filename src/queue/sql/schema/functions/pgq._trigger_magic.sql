-- The columns that name a field of the event, which they fill instead of being sent; null when there are none.
create or replace function pgq._trigger_magic(names text[])
returns text[] as $$
declare
    magic text[];
    name text;
begin
    foreach name in array names loop
        continue when not pg_catalog.starts_with(name, '_pgq_ev_');
        if pgq._trigger_field(pg_catalog.substr(name, 6)) is null then
            raise exception using errcode = 'XX000', message = 'Unknown magic column: ' || name;
        end if;
        magic := pg_catalog.array_append(magic, name);
    end loop;
    return magic;
end;
$$ language plpgsql immutable;
