-- What a maintenance round has to call, each in a transaction of its own; what returns 1 wants to be called again.
create or replace function pgq.maint_operations(out func_name text, out func_arg text)
returns setof record as $$
declare
    queue pgq.queue;
    is_switching boolean := false;
begin
    func_name := 'pgq.maint_rotate_tables_step1';
    for func_arg in
        select q.queue_name
          from pgq.queue q
         where q.queue_rotation_period is not null
           and q.queue_switch_step2 is not null
           and current_timestamp not between q.queue_switch_time - q.queue_rotation_period
                                         and q.queue_switch_time + q.queue_rotation_period
         order by 1
    loop
        is_switching := true;
        return next;
    end loop;
    func_arg := null;
    if is_switching or exists (select from pgq.queue q where q.queue_switch_step2 is null) then
        func_name := 'pgq.maint_rotate_tables_step2';
        return next;
    end if;
    func_name := 'pgq.maint_queue_states';
    return next;
    return query select 'pgq.maint_compact', l.log_name from pgq._logs_to_compact() l;
    return query
    select extra, q.queue_name from pgq.queue q, unnest(q.queue_extra_maint) extra order by q.queue_name;
    return query select 'vacuum', v from pgq.maint_tables_to_vacuum() v;
    return query select * from pgq._maint_operations_of_others();
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
