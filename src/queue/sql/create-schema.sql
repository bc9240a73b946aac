do $$
declare
  name text;
begin
  foreach name in array array['pgq', 'pgq_ext', 'pgq_coop'] loop
    if pg_catalog.to_regnamespace(name) is null then
      execute pg_catalog.format('create schema %I', name);
    end if;
  end loop;
end
$$;

create table if not exists pgq.migration (
  version int primary key,
  name text not null,
  applied_at timestamptz not null default now()
)
