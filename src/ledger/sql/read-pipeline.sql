select name, epoch::text, source_system_id, source_database, slot, publication, position::text,
  written_at::text,
  -- A hold ends with its session, which may have had no time to say so.
  case when hold_lsn is not null and sluice.hold_is_alive(name, hold_owner) then hold_lsn::text end as hold_lsn,
  hold_owner::text, spill, created_at::text
from sluice.pipeline where name = $1::text
