-- Sends a TRUNCATE.
create or replace function pgq._trigger_log_statement(
    encoding text, op text, timing text, relation oid, schema_name text, table_name text, args text[])
returns boolean as $$
declare
    event record;
begin
    event := pgq._trigger_event(encoding, op, timing, 'STATEMENT', relation, schema_name, table_name, args,
                                null, null, null, null, null);
    return event.skips;
end;
$$ language plpgsql stable;
