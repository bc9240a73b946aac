-- What the original's pgq_ext knows is kept aside until ours is there, and the original is dropped.
create temp table kept_tracking (kind text, consumer_id text, subconsumer_id text, batch_id bigint, value bigint)
  on commit drop;
do $$
begin
  if pg_catalog.to_regclass('pgq_ext.completed_tick') is null then
    return;
  end if;
  lock table pgq_ext.completed_tick, pgq_ext.completed_batch, pgq_ext.partial_batch, pgq_ext.completed_event
    in access exclusive mode;
  insert into pg_temp.kept_tracking
  select kind, kept ->> 'consumer_id', coalesce(kept ->> 'subconsumer_id', ''), (kept ->> 'batch_id')::bigint,
         (kept ->> field)::bigint
    from (
      select 'tick', to_jsonb(t), 'last_tick_id' from pgq_ext.completed_tick t
       union all
      select 'batch', to_jsonb(b), 'last_batch_id' from pgq_ext.completed_batch b
       union all
      select 'event', to_jsonb(e), 'event_id' from pgq_ext.completed_event e) as original (kind, kept, field);
  if exists (select from pg_catalog.pg_extension where extname = 'pgq_ext') then
    drop extension pgq_ext;
  else
    drop table pgq_ext.completed_tick, pgq_ext.completed_batch, pgq_ext.partial_batch, pgq_ext.completed_event;
  end if;
end
$$
