-- Refuses a change that the trigger cannot send, or was made to refuse.
create or replace function pgq._trigger_check_change(
    op text, written_key text[], is_denied boolean, schema_name text, table_name text, queue text)
returns void as $$
begin
    if pg_catalog.array_to_string(written_key, ',') = '' and op in ('UPDATE', 'DELETE') then
        raise exception using errcode = 'XX000', message = 'Update/Delete on table without pkey';
    end if;
    if is_denied then
        raise exception using errcode = 'XX000', message = pg_catalog.format(
            'Table ''%s.%s'' to queue ''%s'': change not allowed (%s)', schema_name, table_name, queue, op);
    end if;
end;
$$ language plpgsql stable;
