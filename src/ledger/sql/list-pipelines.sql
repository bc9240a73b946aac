select name, epoch::text, source_system_id, source_database, slot, publication, position::text,
  written_at::text, hold_lsn::text, hold_owner::text, spill, created_at::text
from sluice.pipeline order by name
