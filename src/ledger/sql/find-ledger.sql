select (to_regclass('sluice.migration') is not null)::text as exists
