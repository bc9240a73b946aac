-- Who may track, as in the original. Run at every install; grants that an administrator has given stay.
do $$
declare
  callee regprocedure;
begin
  grant usage on schema pgq_ext to public;
  for callee in
    select p.oid from pg_catalog.pg_proc p where p.pronamespace = 'pgq_ext'::regnamespace
  loop
    execute format('revoke all on function %s from public', callee);
    if to_regrole('pgq_writer') is not null and callee::text !~ '_ext\._' then
      execute format('grant execute on function %s to pgq_writer', callee);
    end if;
  end loop;
  grant execute on function pgq_ext.version() to public;
  if to_regrole('pgq_writer') is not null then
    grant select on pgq_ext.completed_tick, pgq_ext.completed_batch, pgq_ext.partial_batch, pgq_ext.completed_event
      to pgq_writer;
  end if;
end
$$;
