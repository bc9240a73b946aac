-- What becomes a view is renamed; what would not take our functions in its place is dropped: they give the same.
-- To drop a table waits for whoever uses the queue's row, producers too, so that comes later, on its own.
do $$
declare
  dependent text;
begin
  select case when r.oid is null then pg_catalog.pg_describe_object(d.classid, d.objid, 0)
           else pg_catalog.pg_describe_object('pg_catalog.pg_class'::regclass, r.ev_class, 0)
         end
    into dependent
    from pg_catalog.pg_depend d
    left join pg_catalog.pg_rewrite r on d.classid = 'pg_catalog.pg_rewrite'::regclass and r.oid = d.objid
    left join pg_catalog.pg_constraint c on d.classid = 'pg_catalog.pg_constraint'::regclass and c.oid = d.objid
   where d.refclassid = 'pg_catalog.pg_class'::regclass
     and d.refobjid in ('pgq.subscription'::regclass, 'pgq.tick'::regclass)
     and d.deptype = 'n'
     and (r.oid is not null or c.conrelid <> d.refobjid)
   limit 1;
  if found then
    raise exception using errcode = 'dependent_objects_still_exist',
      message = pg_catalog.format('%s hangs on pgq.subscription or pgq.tick, which become views', dependent);
  end if;
end
$$;

alter table pgq.tick rename to original_tick;
alter table pgq.subscription rename to original_subscription;
alter sequence pgq.subscription_sub_id_seq rename to original_subscription_sub_id_seq;
drop function if exists pgq.get_queue_info(), pgq.get_queue_info(text), pgq.get_consumer_info(),
  pgq.get_consumer_info(text), pgq.get_consumer_info(text, text), pgq.get_batch_info(bigint);
