-- Made anew at every install: what writes to the original's tables goes on.
create or replace trigger mark_change instead of insert or update or delete on pgq_ext.completed_tick
  for each row execute function pgq_ext._mark_change('tick', 'last_tick_id');
create or replace trigger mark_change instead of insert or update or delete on pgq_ext.completed_batch
  for each row execute function pgq_ext._mark_change('batch', 'last_batch_id');
create or replace trigger mark_change instead of insert or update or delete on pgq_ext.partial_batch
  for each row execute function pgq_ext._mark_change('events', 'cur_batch_id');
create or replace trigger event_change instead of insert or delete on pgq_ext.completed_event
  for each row execute function pgq_ext._event_change();
