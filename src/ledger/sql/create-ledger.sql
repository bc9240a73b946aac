create schema if not exists sluice;
create table if not exists sluice.migration (
  version int primary key,
  name text not null,
  applied_at timestamptz not null default now()
)
