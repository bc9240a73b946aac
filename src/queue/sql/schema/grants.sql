-- Who may do what, as in the original. Run at every install; grants that an administrator has given stay.
-- A role that is not there (the installer may not make roles) gets nothing.
do $$
declare
  granted record;
  callee regprocedure;
begin
  grant usage on schema pgq to public;
  grant select on pgq.consumer, pgq.queue, pgq.tick, pgq.subscription, pgq.tick_log, pgq.subscriber,
    pgq.position_log, pgq.queue_option, pgq.log_size to public;
  for callee in
    select p.oid from pg_catalog.pg_proc p
     where p.pronamespace = 'pgq'::regnamespace
  loop
    execute format('revoke all on function %s from public', callee);
  end loop;
  for granted in
    select grantee, unnest(string_to_array(btrim(regexp_replace(names, '\s+', ' ', 'g')), ' ')) as name
      from (values
        ('public', '
          seq_getval get_queue_info get_consumer_info quote_fqname version'),
        ('pgq_reader', '
          batch_event_sql batch_event_tables find_tick_helper register_consumer register_consumer_at
          unregister_consumer next_batch_info next_batch next_batch_custom next_batch_joined get_batch_events
          get_batch_info get_batch_cursor event_retry batch_retry force_tick finish_batch events_between
          _find_batch _raise_stale_snapshot
          set_aside_events end_lease fail_lease extend_leases reclaim_leases events_coming_again
          report_progress end_progress tick_eagerly'),
        ('pgq_writer', '
          insert_event insert_event_at insert_event_unique current_event_table jsontriga sqltriga logutriga logtriga
          _trigger_.*'),
        ('pgq_admin', '
          ticker maint_retry_events maint_rotate_tables_step1 maint_rotate_tables_step2 maint_tables_to_vacuum
          maint_operations upgrade_schema grant_perms _grant_perms_from tune_storage seq_setval create_queue
          drop_queue set_queue_config insert_event_raw event_retry_raw redrive_events
          schedule_event unschedule_event insert_scheduled_event
          create_wal_queue take_wal_queue open_wal_queue bury_message
          _set_queue_state maint_queue_states maint_delayed_events maint_compact next_due
          _maint_operations_of_others _logs_to_compact')
      ) as lists (grantee, names)
  loop
    continue when granted.grantee <> 'public' and to_regrole(granted.grantee) is null;
    for callee in
      select p.oid from pg_catalog.pg_proc p
       where p.pronamespace = 'pgq'::regnamespace and p.proname ~ ('^' || granted.name || '$')
    loop
      execute format('grant execute on function %s to %s', callee, granted.grantee);
    end loop;
  end loop;
  if to_regrole('pgq_reader') is not null then
    grant select on pgq.event_template, pgq.consumer, pgq.queue, pgq.tick, pgq.subscription, pgq.dead_event,
      pgq.running_event to pgq_reader;
  end if;
  if to_regrole('pgq_admin') is not null then
    grant select on pgq.migration, pgq.delayed_event to pgq_admin;
    grant select, insert, truncate on pgq.event_template to pgq_admin;
    grant select, insert, update, delete on pgq.consumer, pgq.queue, pgq.tick, pgq.subscription, pgq.retry_queue,
      pgq.dead_event, pgq.scheduled_event to pgq_admin;
  end if;
end
$$;
