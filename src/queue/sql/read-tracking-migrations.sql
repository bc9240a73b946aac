select coalesce(max(version), 0)::text as version from pgq_ext.migration
