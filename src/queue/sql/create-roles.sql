-- The original's roles, where this user may make roles.
do $$
begin
  if not (select rolsuper or rolcreaterole from pg_catalog.pg_roles where rolname = current_user) then
    return;
  end if;
  if pg_catalog.to_regrole('pgq_reader') is null then
    create role pgq_reader;
  end if;
  if pg_catalog.to_regrole('pgq_writer') is null then
    create role pgq_writer;
  end if;
  if pg_catalog.to_regrole('pgq_admin') is null then
    create role pgq_admin in role pgq_reader, pgq_writer;
  end if;
end
$$
