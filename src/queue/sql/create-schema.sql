create schema if not exists pgq;
create schema if not exists pgq_ext;
create schema if not exists pgq_coop;

create table if not exists pgq.migration (
  version int primary key,
  name text not null,
  applied_at timestamptz not null default now()
)
