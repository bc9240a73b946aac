-- SQLSTATE SL001: fenced, another owner has claimed the pipeline (or it was dropped).
-- SQLSTATE SL002: the position is not the one the caller started from.
-- SQLSTATE SL003: a hold that cannot be had: passed already, or another backend holds.
-- SQLSTATE SL004: the position is held below the one asked for; roll back, come again with less.
-- SQLSTATE SL005: a statement touched another number of rows than the source's change did.

-- The advisory lock that separates a claim from the transactions of the owner before it. Shared by
-- every transaction that checks the epoch, exclusive for the claim. It is not the row's own lock:
-- a copy worker that holds locks on tables must not wait for apply, which holds the row and may
-- wait for those tables.
create function sluice.epoch_lock(p_pipeline text) returns bigint
language sql immutable parallel safe
return hashtextextended('sluice.epoch ' || p_pipeline, 0);

create function sluice.hold_lock(p_pipeline text) returns bigint
language sql immutable parallel safe
return hashtextextended('sluice.hold ' || p_pipeline, 0);

-- True while the backend that set the hold still has its advisory lock; a backend number alone
-- could belong to another one by now.
create function sluice.hold_is_alive(p_pipeline text, p_owner int) returns boolean
language sql stable
return exists (
  select from pg_catalog.pg_locks
  where locktype = 'advisory' and granted and objsubid = 1 and pid = p_owner
    and database = (select oid from pg_catalog.pg_database where datname = current_database())
    and ((classid::bigint << 32) | objid::bigint) = sluice.hold_lock(p_pipeline)
);

-- Moves the position within the caller's transaction. Returns the hold that is in force, or null. It
-- refuses to pass a hold: apply sends its COMMIT without waiting for this answer.
create function sluice.advance(
  p_pipeline text, p_epoch bigint, p_previous pg_lsn, p_next pg_lsn
) returns text
language plpgsql volatile as $$
declare
  v sluice.pipeline;
  v_hold pg_lsn;
begin
  select * into v from sluice.pipeline where name = p_pipeline for no key update;
  if v.epoch is distinct from p_epoch then
    raise exception using errcode = 'SL001',
      message = format('pipeline %s: epoch %s was fenced off, the ledger has %s', p_pipeline,
                       p_epoch, coalesce(v.epoch::text, 'no such pipeline'));
  end if;
  if v.position is distinct from p_previous or p_next < p_previous then
    raise exception using errcode = 'SL002',
      message = format('pipeline %s: asked to advance from %s to %s, the ledger has %s', p_pipeline,
                       coalesce(p_previous::text, 'null'), p_next,
                       coalesce(v.position::text, 'null'));
  end if;
  if v.hold_lsn is not null and sluice.hold_is_alive(p_pipeline, v.hold_owner) then
    v_hold := v.hold_lsn;
  end if;
  if p_next > v_hold and p_next > p_previous then
    raise exception using errcode = 'SL004',
      message = format('pipeline %s is held at %s', p_pipeline, v_hold);
  end if;
  update sluice.pipeline set position = p_next, written_at = clock_timestamp()
  where name = p_pipeline;
  return v_hold::text;
end
$$;

-- Wraps the count of a statement that must find exactly as many rows as the source changed.
create function sluice.expect_rows(p_found bigint, p_expected bigint) returns void
language plpgsql immutable as $$
begin
  if p_found <> p_expected then
    raise exception using errcode = 'SL005', message = format('%s rows found', p_found),
      detail = p_found::text;
  end if;
end
$$;

-- For transactions that move no position: they commit only if their owner has not been fenced off,
-- and a claim waits for them. Cheap; call it any time in the transaction.
create function sluice.check_epoch(p_pipeline text, p_epoch bigint) returns void
language plpgsql volatile as $$
declare
  v_epoch bigint;
begin
  perform pg_advisory_xact_lock_shared(sluice.epoch_lock(p_pipeline));
  select epoch into v_epoch from sluice.pipeline where name = p_pipeline;
  if v_epoch is distinct from p_epoch then
    raise exception using errcode = 'SL001',
      message = format('pipeline %s: epoch %s was fenced off, the ledger has %s', p_pipeline,
                       p_epoch, coalesce(v_epoch::text, 'no such pipeline'));
  end if;
end
$$;

-- Makes apply stop at p_lsn (null: where it is now) until released or until this backend ends.
-- Waits for the transaction that is moving the position. A second call by the holder moves the hold.
create function sluice.hold(p_pipeline text, p_lsn pg_lsn) returns text
language plpgsql volatile as $$
declare
  v sluice.pipeline;
begin
  select * into v from sluice.pipeline where name = p_pipeline for no key update;
  if v.name is null then
    raise exception using errcode = 'SL001', message = format('pipeline %s is unknown', p_pipeline);
  end if;
  if not (v.hold_owner is not distinct from pg_backend_pid()
          and sluice.hold_is_alive(p_pipeline, pg_backend_pid()))
     and not pg_try_advisory_lock(sluice.hold_lock(p_pipeline)) then
    raise exception using errcode = 'SL003',
      message = format('pipeline %s is held by backend %s', p_pipeline, v.hold_owner);
  end if;
  if v.position is null or p_lsn < v.position then
    perform pg_advisory_unlock(sluice.hold_lock(p_pipeline));
    raise exception using errcode = 'SL003',
      message = format('pipeline %s is at %s, it cannot be held at %s', p_pipeline,
                       coalesce(v.position::text, 'no position yet'), coalesce(p_lsn::text, 'it'));
  end if;
  update sluice.pipeline set hold_lsn = coalesce(p_lsn, v.position), hold_owner = pg_backend_pid()
  where name = p_pipeline;
  return coalesce(p_lsn, v.position)::text;
end
$$;

create function sluice.release(p_pipeline text) returns void
language plpgsql volatile as $$
begin
  update sluice.pipeline set hold_lsn = null, hold_owner = null
  where name = p_pipeline and hold_owner = pg_backend_pid();
  if found then
    perform pg_advisory_unlock(sluice.hold_lock(p_pipeline));
  end if;
end
$$;
