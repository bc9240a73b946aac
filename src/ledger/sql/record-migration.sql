insert into sluice.migration (version, name) values ($1::text::int, $2::text)
