insert into sluice.pipeline as p (name, epoch, source_system_id, source_database, slot, publication)
values ($1::text, 1, $2::text, $3::text, $4::text, $5::text)
on conflict (name) do update set epoch = p.epoch + 1
where p.source_system_id = excluded.source_system_id
  and p.source_database = excluded.source_database
returning name, epoch::text, source_system_id, source_database, slot, publication, position::text,
  written_at::text, hold_lsn::text, hold_owner::text, spill, created_at::text
