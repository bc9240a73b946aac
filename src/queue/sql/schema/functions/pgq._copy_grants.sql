-- Lets whoever may call one function call another of the same arguments.
create or replace function pgq._copy_grants(i_from text, i_to text)
returns void as $$
declare
    source pg_proc;
    target regprocedure;
    grantee text;
begin
    select * into source from pg_proc p where p.oid = i_from::regprocedure;
    target := format('%s(%s)', i_to, oidvectortypes(source.proargtypes));
    execute format('revoke all on function %s from public', target);
    for grantee in
        select case a.grantee when 0 then 'public' else a.grantee::regrole::text end
          from aclexplode(source.proacl) a
         where a.grantee <> source.proowner
    loop
        execute format('grant execute on function %s to %s', target, grantee);
    end loop;
end;
$$ language plpgsql set search_path = pg_catalog, pg_temp;
