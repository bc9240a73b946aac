-- Made anew at every install.
create or replace trigger subscription_change instead of insert or update or delete on pgq.subscription
  for each row execute function pgq._subscription_change();

-- A limit or a stop that is set by an update of pgq.queue makes inserts look there.
create or replace trigger queue_checks after update of queue_disable_insert, queue_per_tx_limit on pgq.queue
  for each row when (new.queue_disable_insert or new.queue_per_tx_limit is not null)
  execute function pgq._queue_checks();
