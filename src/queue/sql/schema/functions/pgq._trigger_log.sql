-- Sends one changed row. Polymorphic, so that each table has a plan of its own for what needs the row itself;
-- everything else is done with texts. For an INSERT old_row is new_row, for a DELETE the other way round.
-- Returns whether the change itself shall not be done.
create or replace function pgq._trigger_log(
    encoding text, op text, timing text, relation oid, schema_name text, table_name text, args text[],
    old_row anyelement, new_row anyelement)
returns boolean as $$
declare
    event record;
    needs_json boolean := encoding = 'json'
        or pg_catalog.current_setting('transaction_isolation') <> 'read committed';
    old_text text := case when op <> 'INSERT' then pg_catalog.format('%s', old_row) end;
    new_text text := case when op <> 'DELETE' then pg_catalog.format('%s', new_row) end;
    old_json json := case when needs_json and op <> 'INSERT' then pg_catalog.row_to_json(old_row) end;
    new_json json := case when needs_json and op <> 'DELETE' then pg_catalog.row_to_json(new_row) end;
begin
    event := pgq._trigger_event(encoding, op, timing, 'ROW', relation, schema_name, table_name, args,
                                old_text, new_text, old_json, new_json, null);
    if event.unclear is not null then
        event := pgq._trigger_event(encoding, op, timing, 'ROW', relation, schema_name, table_name, args,
                                    old_text, new_text, old_json, new_json,
                                    pgq._trigger_equal_columns(event.unclear, old_row, new_row));
    end if;
    if event.expressions is not null then
        perform pgq._trigger_insert(event.queue, pgq._trigger_override(
            event.fields, event.expressions, event.columns, table_name, new_row));
    end if;
    return event.skips;
end;
$$ language plpgsql stable;
