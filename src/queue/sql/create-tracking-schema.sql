do $$
begin
  if pg_catalog.to_regnamespace('pgq_ext') is null then
    create schema pgq_ext;
  end if;
end
$$;

create table if not exists pgq_ext.migration (
  version int primary key,
  name text not null,
  applied_at timestamptz not null default now()
)
