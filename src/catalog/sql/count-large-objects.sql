select count(*)::text as count from pg_largeobject_metadata
