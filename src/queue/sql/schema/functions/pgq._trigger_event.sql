-- Makes the event of a change and inserts it into the queue. The kinds of trigger differ in `encoding` alone: 'url',
-- 'json', 'sql', and 'kinds', which is sql with the options of the deprecated logtriga.
--
-- Two things need the row itself, not its text, and are handed back for that: columns that are `unclear` (nothing
-- was done; to be called again with those of them that are equal, `settled`), and `expressions` (nothing was sent).
--
-- What most triggers have no need of costs no call: this runs for every row.
create or replace function pgq._trigger_event(
    encoding text, op text, timing text, level text, relation oid, schema_name text, table_name text, args text[],
    old_text text, new_text text, old_json json, new_json json, settled text[],
    out queue text, out fields text[], out skips boolean,
    out unclear text[], out expressions text[], out columns text[])
as $$
declare
    is_update constant boolean := op = 'UPDATE';
    tab record;
    options record;
    changes record;
    key text[];
    written_key text[];
    magic text[];
    ignored text[];
    hidden text[];
    has_backup boolean := false;
    is_denied boolean := false;
    changed text[];
    old_values text[];
    new_values text[];
    event_id bigint;
begin
    if level <> 'ROW' or encoding = 'kinds' or args[0] is null then
        perform pgq._trigger_check_call(encoding, op, timing, level, args);
    end if;
    tab := pgq._trigger_table(relation, case
        when pg_catalog.current_setting('transaction_isolation') <> 'read committed' then coalesce(new_json, old_json)
    end);
    queue := args[0];
    skips := false;
    columns := tab.names;
    key := tab.key;
    written_key := tab.key;
    if args[1] is not null then
        options := pgq._trigger_options(encoding, op, timing, args, columns, key);
        skips := options.skips;
        key := options.key;
        written_key := options.written_key;
        ignored := options.ignored;
        has_backup := options.has_backup;
        expressions := options.expressions;
        is_denied := options.is_denied;
    end if;
    if is_denied or pg_catalog.array_to_string(written_key, ',') = '' then
        perform pgq._trigger_check_change(op, written_key, is_denied, schema_name, table_name, queue);
    end if;
    if pg_catalog.strpos(pg_catalog.array_to_string(columns, ','), '_pgq_ev_') > 0 then
        magic := pgq._trigger_magic(columns);
        key := pgq._trigger_without(key, magic);
    end if;
    hidden := ignored || magic;
    if tab.has_generated then
        hidden := hidden || pgq._trigger_generated(relation, 'v');
    end if;

    if old_text is not null then
        old_values := pgq._trigger_values(old_text, pg_catalog.cardinality(columns));
    end if;
    if new_text is not null then
        new_values := pgq._trigger_values(new_text, pg_catalog.cardinality(columns));
    end if;
    if is_update then
        if timing = 'BEFORE' and tab.has_generated then
            new_values := pgq._trigger_not_yet_generated(relation, columns, old_values, new_values);
        end if;
        changes := pgq._trigger_changes(
            columns, tab.types, old_values, new_values, key, hidden,
            encoding in ('sql', 'kinds') or ignored is not null, settled);
        changed := changes.changed;
        unclear := changes.unclear;
        if unclear is not null or not changes.is_sent then
            expressions := null;
            return;
        end if;
    end if;

    fields := array[
        pgq._trigger_type(encoding, op, schema_name, table_name, written_key),
        case
            when encoding in ('sql', 'kinds') then
                pgq._trigger_sql(op, columns, old_values, new_values, key, hidden, changed)
            else pgq._trigger_row(encoding, columns, tab.types, coalesce(new_values, old_values),
                                  coalesce(new_json, old_json), hidden)
        end,
        schema_name || '.' || table_name,
        case
            when has_backup and is_update then
                pgq._trigger_row(encoding, columns, tab.types, old_values, old_json, hidden)
        end,
        null, null];
    if magic is not null and op <> 'TRUNCATE' then
        fields := pgq._trigger_magic_fields(fields, magic, columns, coalesce(new_values, old_values));
    end if;
    if expressions is null then
        event_id := pgq.insert_event(queue, fields[1], fields[2], fields[3], fields[4], fields[5], fields[6]);
    end if;
end;
$$ language plpgsql stable;
