-- SQLSTATE SL004: the position is held below the one asked for; roll back, come again with less.
-- SQLSTATE SL005: a statement touched another number of rows than the source's change did.

-- As before, and refuses to pass a hold: apply sends its COMMIT without waiting for the answer, so
-- the refusal must come from here.
create or replace function sluice.advance(
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
