select sluice.release($1::text)::text
