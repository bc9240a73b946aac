// Prints the changes of a database as JSON lines, as they commit.
//
//   SOURCE_URL=... POSITIONS_URL=... npx node examples/follow-changes.ts
//
// The first run begins with what commits after it has started. Later runs go on behind the last transaction
// that was printed: the position is in schema `sluice` of POSITIONS_URL, which may be the source itself. A
// crash between printing and writing the position prints that transaction again: at least once.
import { follow, unchanged, type Change, type Row } from '../src/replicate/index.ts';
import { required, untilInterrupted } from './settings.ts';

const transactions = follow({
  source: required('SOURCE_URL'),
  positions: required('POSITIONS_URL'),
  name: 'follow_changes',
  tables: ['public.*'],
  signal: untilInterrupted(),
});

for await (const transaction of transactions) {
  const { xid, committedAt } = transaction;
  for await (const change of transaction.changes()) {
    console.log(JSON.stringify({ xid, committedAt, ...describe(change) }));
  }
}

function describe(change: Change): Record<string, unknown> {
  switch (change.kind) {
    case 'insert':
    case 'update':
      return { kind: change.kind, table: change.table.name, row: sent(change.row) };
    case 'delete':
      return { kind: change.kind, table: change.table.name, key: sent(change.before) };
    case 'truncate':
      return { kind: change.kind, tables: change.tables.map((table) => table.name) };
    default:
      return { kind: change.kind, prefix: change.prefix };
  }
}

/** The columns that came: a large value that an UPDATE left alone is not sent, and a DELETE sends the key only. */
function sent(row: Row): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row.toObject()).filter(([, value]) => value !== unchanged && value !== null),
  );
}
