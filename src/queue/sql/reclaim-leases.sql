-- The leases of those who worked for this consumer before: with its lock, we know that they are gone.
select pgq.reclaim_leases($1, $2, $3)::text as count
