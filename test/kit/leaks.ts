interface Queryable {
  query(text: string): Promise<{ rows: Record<string, unknown>[] }>;
}

const leaksSql = `
  SELECT 'slot ' || slot_name || CASE WHEN active THEN ' (active)' ELSE '' END AS leak
    FROM pg_replication_slots WHERE database = current_database()
  UNION ALL
  SELECT 'publication ' || pubname FROM pg_publication
  UNION ALL
  SELECT 'connection ' || application_name || ' (' || coalesce(state, backend_type) || ')'
    FROM pg_stat_activity
   WHERE datname = current_database() AND application_name LIKE 'sluice%'
  UNION ALL
  SELECT 'prepared transaction ' || gid FROM pg_prepared_xacts WHERE database = current_database()
  ORDER BY 1`;

/** Slots, publications, connections and prepared transactions in this database, as readable lines. */
export async function findLeaks(database: Queryable): Promise<string[]> {
  const { rows } = await database.query(leaksSql);
  return rows.map((row) => String(row['leak']));
}
