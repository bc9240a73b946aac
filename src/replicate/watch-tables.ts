import {
  displayName,
  qualifiedName,
  readTables,
  type Queryable,
  type Table,
} from '../catalog/index.ts';
import type { Clock, Log } from '../service/index.ts';
import type { ReplicationOptions } from './options.ts';
import type { Plan } from './plan.ts';

// A new partition that is written to announces itself in the stream; this is for one that was attached with
// rows in it, and for tables that nobody writes to.
const everyMs = 60_000;

/**
 * Looks now and then for tables of the source that the patterns mean and the plan lacks. A partition of a
 * followed table belongs to it and is returned, so that it is copied. Any other table is logged, once; it is
 * taken in at the next start.
 *
 * @returns the new partition; null when the signal aborted
 */
export async function watchTables(options: {
  source: Queryable;
  plan: Plan;
  tables: ReplicationOptions['tables'];
  log: Log;
  clock: Clock;
  signal: AbortSignal;
}): Promise<string | null> {
  const { source, plan, log, clock, signal } = options;
  const known = new Set(plan.pairs.map((pair) => qualifiedName(pair.source)));
  const roots = new Set(plan.pairs.map((pair) => pair.source.rootOid));
  while (await slept(clock, signal)) {
    const tables = await readTables(source, { include: options.tables ?? [] });
    for (const table of tables.filter((candidate) => isNew(candidate, known))) {
      const name = displayName(table);
      if (table.rootOid !== null && roots.has(table.rootOid)) return name;
      known.add(qualifiedName(table));
      log.warn('a table was made on the source and is not followed before the next start', {
        table: name,
      });
    }
  }
  return null;
}

function isNew(table: Table, known: ReadonlySet<string>): boolean {
  return table.kind === 'r' && table.persistence === 'p' && !known.has(qualifiedName(table));
}

async function slept(clock: Clock, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(everyMs, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
