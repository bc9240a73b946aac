select json_build_object(
  'tableOid', t.tgrelid::int8,
  'name', t.tgname,
  'enabled', t.tgenabled,
  'isInternal', t.tgisinternal,
  'isForeignKey', t.tgconstraint <> 0 and t.tgisinternal,
  'isRow', t.tgtype & 1 = 1,
  'isBefore', t.tgtype & 2 = 2,
  'definition', case when not t.tgisinternal then pg_get_triggerdef(t.oid) end
)::text as facts
from pg_trigger t
where t.tgrelid = any ($1::text::oid[])
order by t.tgrelid, t.tgname
