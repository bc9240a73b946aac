-- Who may be a sub-consumer, as in the original. Run at every install.
do $$
declare
  callee regprocedure;
begin
  grant usage on schema pgq_coop to public;
  for callee in
    select p.oid from pg_catalog.pg_proc p where p.pronamespace = 'pgq_coop'::regnamespace
  loop
    execute format('revoke all on function %s from public', callee);
    if to_regrole('pgq_reader') is not null and callee::text !~ '_coop\._' then
      execute format('grant execute on function %s to pgq_reader', callee);
    end if;
  end loop;
  grant execute on function pgq_coop.version() to public;
end
$$;
