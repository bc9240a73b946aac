-- Makes the event of a change and inserts it into the queue. The kinds of trigger differ in `encoding` alone: 'url',
-- 'json', 'sql', and 'kinds', which is sql with the options of the deprecated logtriga.
--
-- Two things need the row itself, not its text, and are handed back for that: columns that are `unclear` (nothing
-- was done; to be called again with those of them that are equal, `settled`), and `expressions` (nothing was sent).
create or replace function pgq._trigger_event(
    encoding text, op text, timing text, level text, relation oid, schema_name text, table_name text, args text[],
    old_text text, new_text text, old_json json, new_json json, settled text[],
    out queue text, out fields text[], out skips boolean,
    out unclear text[], out expressions text[], out columns text[])
as $$
declare
    tab record;
    options record;
    changes record;
    changed text[];
    magic text[];
    hidden text[];
    key text[];
    old_values text[];
    new_values text[];
begin
    perform pgq._trigger_check_call(encoding, op, timing, level, args);
    tab := pgq._trigger_table(relation, case
        when pg_catalog.current_setting('transaction_isolation') <> 'read committed' then coalesce(new_json, old_json)
    end);
    options := pgq._trigger_options(encoding, op, timing, args, tab.names, tab.key);
    queue := args[0];
    skips := options.skips;
    columns := tab.names;
    perform pgq._trigger_check_change(op, options.written_key, options.is_denied, schema_name, table_name, queue);
    magic := pgq._trigger_magic(columns);
    hidden := options.ignored || magic;
    if tab.has_generated then
        hidden := hidden || pgq._trigger_generated(relation, 'v');
    end if;
    key := pgq._trigger_without(options.key, magic);

    if old_text is not null then
        old_values := pgq._trigger_values(old_text, pg_catalog.cardinality(columns));
    end if;
    if new_text is not null then
        new_values := pgq._trigger_values(new_text, pg_catalog.cardinality(columns));
    end if;
    if op = 'UPDATE' and timing = 'BEFORE' and tab.has_generated then
        new_values := pgq._trigger_not_yet_generated(relation, columns, old_values, new_values);
    end if;
    if op = 'UPDATE' then
        changes := pgq._trigger_changes(
            columns, tab.types, old_values, new_values, key, hidden,
            encoding in ('sql', 'kinds') or options.ignored is not null, settled);
        changed := changes.changed;
        unclear := changes.unclear;
        if unclear is not null or not changes.is_sent then
            return;
        end if;
    end if;

    fields := array[
        pgq._trigger_type(encoding, op, schema_name, table_name, options.written_key),
        case
            when encoding in ('sql', 'kinds') then
                pgq._trigger_sql(op, columns, old_values, new_values, key, hidden, changed)
            else pgq._trigger_row(encoding, columns, tab.types, coalesce(new_values, old_values),
                                  coalesce(new_json, old_json), hidden)
        end,
        schema_name || '.' || table_name,
        case
            when options.has_backup and op = 'UPDATE' then
                pgq._trigger_row(encoding, columns, tab.types, old_values, old_json, hidden)
        end,
        null, null];
    fields := pgq._trigger_magic_fields(fields, magic, columns, coalesce(new_values, old_values));
    expressions := options.expressions;
    if expressions is null then
        perform pgq._trigger_insert(queue, fields);
    end if;
end;
$$ language plpgsql stable;
