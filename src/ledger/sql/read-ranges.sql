select range_no::text, first_block::text, end_block::text, snapshot_lsn::text, rows::text
from sluice.copy_range
where pipeline = $1::text and schema_name = $2::text and table_name = $3::text
order by range_no
