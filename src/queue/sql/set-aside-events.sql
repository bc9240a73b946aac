select pgq.set_aside_events($1::int8, $2::int8[], $3::text[], $4::interval[], $5::text[])::text as count
