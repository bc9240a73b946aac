-- A search tree over the queues' names, which come sorted: four comparisons for fifty queues, nine for a thousand.
create or replace function pgq._insert_branches(i_names text[], i_ids int4[])
returns text as $$
declare
    half int4 := cardinality(i_names) / 2;
begin
    if half >= 2 then
        return format(E'\n    if queue_name operator(pg_catalog.<) %L collate pg_catalog."C" then%s\n    else%s\n    end if;',
            i_names[half + 1],
            pgq._insert_branches(i_names[: half], i_ids[: half]),
            pgq._insert_branches(i_names[half + 1 :], i_ids[half + 1 :]));
    end if;
    return coalesce(string_agg(format(
               E'\n    if queue_name operator(pg_catalog.=) %L then'
               || E'\n        return pgq.event_%s_insert(ev_type, ev_data, ev_extra1, ev_extra2, ev_extra3, ev_extra4);'
               || E'\n    end if;', name, id), ''), '')
      from unnest(i_names, i_ids) as queues (name, id);
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
