-- The events whose leases are still ours.
select id::text from pgq.extend_leases($1, $2, $3::int8[], $4, $5::interval) as id
