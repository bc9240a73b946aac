import type { Table } from '../../catalog/index.ts';
import { qualifiedName } from '../../catalog/index.ts';
import type { PipelineTable, TableState } from '../../ledger/index.ts';
import type { CopyTable } from './copy-request.ts';

/** The sources whose rows go into one table of the target: prepared, indexed and finished together. */
export interface TableGroup {
  readonly target: Table;
  readonly members: readonly GroupMember[];
}

export interface GroupMember {
  readonly table: CopyTable;
  readonly state: TableState;
}

export function groupByTarget(
  tables: readonly CopyTable[],
  states: readonly PipelineTable[],
): TableGroup[] {
  const stateOf = new Map(states.map((table) => [qualifiedName(table), table.state]));
  const byTarget = Map.groupBy(tables, ({ target }) => target.oid);
  return [...byTarget.values()].map((sources) => ({
    target: sources[0]!.target,
    members: sources.map((table) => ({
      table,
      state: stateOf.get(qualifiedName(table.source)) ?? 'pending',
    })),
  }));
}

/** All its rows are there: its receipt says so, whatever is left to be restored. */
export function isCopied({ state }: GroupMember): boolean {
  return state === 'copied' || state === 'indexing' || state === 'ready';
}

export function isReady(group: TableGroup): boolean {
  return group.members.every(({ state }) => state === 'ready');
}
