select version::text as version from sluice.migration order by version
