-- An event's fields, with those that magic columns fill.
create or replace function pgq._trigger_magic_fields(fields text[], magic text[], names text[], row_values text[])
returns text[] as $$
declare
    name text;
begin
    foreach name in array magic loop
        fields[pgq._trigger_field(pg_catalog.substr(name, 6))] :=
            row_values[pg_catalog.array_position(names, name)];
    end loop;
    return fields;
end;
$$ language plpgsql immutable;
