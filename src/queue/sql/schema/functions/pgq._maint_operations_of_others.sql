-- What pgq_ext, pgq_node and londiste want of a round, where they are installed.
create or replace function pgq._maint_operations_of_others(out func_name text, out func_arg text)
returns setof record as $$
begin
    if to_regproc('pgq_ext.maint_compact') is not null then
        return query select 'pgq_ext.maint_compact', null;
    end if;
    if to_regproc('pgq_node.maint_watermark') is not null then
        return query execute
            $query$ select 'pgq_node.maint_watermark', queue_name from pgq_node.node_info where node_type = 'root' $query$;
    end if;
    if to_regproc('londiste.root_check_seqs') is not null then
        return query execute
            $query$ select distinct 'londiste.root_check_seqs', s.queue_name
                      from londiste.seq_info s
                      join pgq_node.node_info n on n.queue_name = s.queue_name
                     where s.local and n.node_type = 'root' $query$;
    end if;
    if to_regproc('londiste.periodic_maintenance') is not null then
        return query select 'londiste.periodic_maintenance', null;
    end if;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
