import type { FindingSpecs } from '../../service/index.ts';
import { columns } from './columns.ts';
import { databases } from './databases.ts';
import type { Check } from './define.ts';
import { openTransactions } from './open-transactions.ts';
import { publicationRights } from './publication-rights.ts';
import { replicaIdentity } from './replica-identity.ts';
import { replicationPrivilege } from './replication-privilege.ts';
import { rowSecurity } from './row-security.ts';
import { selection } from './selection.ts';
import { slotLimits } from './slot-limits.ts';
import { slotPosition } from './slot-position.ts';
import { slots } from './slots.ts';
import { sourceSelect } from './source-select.ts';
import { space } from './space.ts';
import { targetForeignKeys } from './target-foreign-keys.ts';
import { targetIdentity } from './target-identity.ts';
import { targetKeys } from './target-keys.ts';
import { targetRights } from './target-rights.ts';
import { targetTables } from './target-tables.ts';
import { targetTriggers } from './target-triggers.ts';
import { uncovered } from './uncovered.ts';
import { versions } from './versions.ts';
import { walLevel } from './wal-level.ts';

/** In the order of the report: the servers first, then the tables, then what is not covered. */
export const checks: readonly Check[] = [
  versions,
  databases,
  walLevel,
  slotPosition,
  slots,
  replicationPrivilege,
  publicationRights,
  selection,
  sourceSelect,
  rowSecurity,
  replicaIdentity,
  targetTables,
  targetRights,
  columns,
  targetIdentity,
  targetKeys,
  targetTriggers,
  targetForeignKeys,
  space,
  slotLimits,
  openTransactions,
  uncovered,
];

/** Every finding there can be, by code: the manual's page is made from it. */
export const findingSpecs: FindingSpecs = Object.assign({}, ...checks.map((check) => check.specs));
