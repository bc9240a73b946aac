-- Sends inserts to the tables that step 1 has emptied, and notes from which transaction on they go there for sure.
create or replace function pgq.maint_rotate_tables_step2()
returns integer as $$
declare
    switched pgq.queue;
begin
    for switched in
        select * from pgq.queue q where q.queue_switch_step2 is null order by q.queue_id for update
    loop
        perform pgq._set_queue_state(switched.queue_id, 15, switched.queue_cur_table);
        perform pgq._note_switch(switched.queue_id);
    end loop;
    return 0;
end;
$$ language plpgsql security definer set search_path = pg_catalog, pg_temp;
