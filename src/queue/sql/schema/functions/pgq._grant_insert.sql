-- A queue's own insert function may be called by whoever may call pgq.insert_event.
create or replace function pgq._grant_insert(i_queue_id int4)
returns void as $$
declare
    insert_function text := format('pgq.event_%s_insert(text, text, text, text, text, text)', i_queue_id);
    grantee text;
begin
    execute format('revoke all on function %s from public', insert_function);
    for grantee in
        select case a.grantee when 0 then 'public' else a.grantee::regrole::text end
          from pg_proc p, aclexplode(p.proacl) a
         where p.oid = 'pgq.insert_event(text, text, text, text, text, text, text)'::regprocedure
           and a.grantee <> p.proowner
    loop
        execute format('grant execute on function %s to %s', insert_function, grantee);
    end loop;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
