-- The options of a trigger: what follows the queue's name. `written_key` is how the key was written, which is how it
-- is sent; without one the primary key's. `expressions` have the number of their field, and 0 for when=.
create or replace function pgq._trigger_options(
    encoding text, op text, timing text, args text[], names text[], primary_key text[],
    out skips boolean, out has_backup boolean, out is_denied boolean,
    out ignored text[], out key text[], out written_key text[], out expressions text[])
as $$
declare
    arg text;
    name text;
    field int;
    has_key boolean := false;
begin
    skips := false;
    has_backup := false;
    is_denied := false;
    key := primary_key;
    written_key := primary_key;
    if encoding = 'kinds' then
        select k.ignored, k.key into ignored, key from pgq._trigger_kinds(args[1], names) k;
        written_key := key;
        return;
    end if;
    foreach arg in array args[1:] loop
        name := pg_catalog.split_part(arg, '=', 1);
        field := case when name = 'when' then 0 else pgq._trigger_field(name) end;
        if arg = 'SKIP' then
            skips := true;
        elsif arg = 'backup' then
            has_backup := true;
        elsif arg = 'deny' then
            is_denied := true;
        elsif name = 'ignore' and name <> arg then
            ignored := pgq._trigger_trimmed(pg_catalog.string_to_array(pg_catalog.substr(arg, 8), ','));
        elsif name = 'pkey' and name <> arg then
            has_key := true;
            written_key := pg_catalog.string_to_array(pg_catalog.substr(arg, 6), ',');
            key := pgq._trigger_trimmed(written_key);
        elsif field is null or name = arg then
            raise exception using errcode = 'XX000', message = 'bad param to pgq trigger';
        elsif op = 'TRUNCATE' then
            raise exception using errcode = 'XX000',
                message = 'Custom expressions do not make sense for truncater trigger';
        elsif expressions[field] is null then
            expressions[field] := pg_catalog.substr(arg, pg_catalog.length(name) + 2);
        end if;
    end loop;
    perform pgq._trigger_check_options(op, timing, skips, has_backup, ignored, has_key);
end;
$$ language plpgsql stable;
