import { readMajor, type Queryable } from '../../catalog/index.ts';
import type { Finding } from '../../service/index.ts';
import { databases } from '../check/databases.ts';
import type { Check } from '../check/define.ts';
import { readCheckFacts } from '../check/facts.ts';
import { openTransactions } from '../check/open-transactions.ts';
import { publicationRights } from '../check/publication-rights.ts';
import { replicaIdentity } from '../check/replica-identity.ts';
import { replicationPrivilege } from '../check/replication-privilege.ts';
import { selection } from '../check/selection.ts';
import { slotLimits } from '../check/slot-limits.ts';
import { slotPosition } from '../check/slot-position.ts';
import { slots } from '../check/slots.ts';
import { checkMajors } from '../check/versions.ts';
import { walLevel } from '../check/wal-level.ts';

/** What a source must have to be followed, whatever takes its changes; in the order of the report. */
const checks: readonly Check[] = [
  databases,
  walLevel,
  slotPosition,
  slots,
  replicationPrivilege,
  publicationRights,
  selection,
  replicaIdentity,
  slotLimits,
  openTransactions,
];

/** Looks at a feed's source, and at where its position is kept; the sink looks at itself. Changes nothing. */
export async function checkFeed(options: {
  readonly source: Queryable;
  readonly positions: Queryable;
  readonly name: string;
  readonly tables: readonly string[];
  readonly tablesWithoutKey: 'refuse' | 'insert_only';
}): Promise<Finding[]> {
  const { source, positions, name: pipeline, ...chosen } = options;
  const major = await readMajor(source);
  const tooOld = checkMajors({ source: major, target: major });
  if (tooOld.length > 0) return tooOld;
  const facts = await readCheckFacts({ ...chosen, source, target: positions, pipeline });
  return checks.flatMap((check) => check.run(facts));
}
