-- An event's fields, with those that the trigger's expressions fill; null when when= says that there is no event.
create or replace function pgq._trigger_override(
    fields text[], expressions text[], columns text[], table_name text, this_row anyelement)
returns text[] as $$
declare
    result record;
begin
    for nr in reverse pg_catalog.array_upper(expressions, 1) .. pg_catalog.array_lower(expressions, 1) loop
        continue when expressions[nr] is null;
        result := pgq._trigger_evaluate(expressions[nr], columns, table_name, this_row);
        if nr > 0 then
            fields[nr] := result.value;
        elsif result.type_id <> 16 then
            raise exception using errcode = 'XX000',
                message = 'when= query result must be boolean, got=' || result.type_id;
        elsif result.value is null then
            raise exception using errcode = 'XX000', message = 'when= should not be NULL';
        elsif result.value = 'f' then
            return null;
        end if;
    end loop;
    return fields;
end;
$$ language plpgsql stable;
