-- A table's columns in their order, and those of its primary key in the key's. A type is 0 where a collation may
-- have it that A is a.
--
-- Read for every row, and with a snapshot of its own (hence volatile): another session, or the statement before
-- this one, may just have changed the table. Where the snapshot is the transaction's, that fails, and row_json
-- (given then) shows it.
create or replace function pgq._trigger_table(
    relation oid, row_json json, out names text[], out types oid[], out key text[], out has_generated boolean)
as $$
declare
    positions int2[];
    key_columns int2[];
begin
    select array_agg(c.attname::text),
           array_agg(case when c.attcollation in (0, 100, 950) then c.atttypid else 0 end),
           array_agg(c.attnum),
           bool_or(c.attgenerated <> ''),
           (select k.conkey from pg_constraint k where k.conrelid = relation and k.contype = 'p')
      into names, types, positions, has_generated, key_columns
      from (select a.attname, a.atttypid, a.attcollation, a.attnum, a.attgenerated
              from pg_attribute a
             where a.attrelid = relation and a.attnum > 0 and not a.attisdropped
             order by a.attnum) c;
    names := coalesce(names, '{}');
    if row_json is not null and names <> array(select json_object_keys(row_json)) then
        raise exception using errcode = 'serialization_failure',
            message = format('could not serialize access: table %s was changed after this transaction''s snapshot',
                             relation::regclass);
    end if;
    key := '{}';
    for nr in 1 .. coalesce(cardinality(key_columns), 0) loop
        key := array_append(key, names[array_position(positions, key_columns[nr])]);
    end loop;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp set enable_seqscan = off;
