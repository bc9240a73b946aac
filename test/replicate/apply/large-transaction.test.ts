import { expect, test } from 'vitest';
import { readTables } from '../../../src/catalog/index.ts';
import {
  claimPipeline,
  migrate,
  readPipeline,
  setFirstPosition,
} from '../../../src/ledger/index.ts';
import { Applier } from '../../../src/replicate/apply/applier.ts';
import { joinTarget } from '../../../src/replicate/apply/target-table.ts';
import { Session } from '../../../src/session/index.ts';
import { BlockBuilder } from '../../../src/stream/block-builder.ts';
import { BlockQueue, SpillArea, type ChangeBlock } from '../../../src/stream/index.ts';
import { encodeBegin, encodeCommit } from '../../../src/stream/transaction-messages.ts';
import { lsn } from '../../../src/wire/index.ts';
import { anyMajor, postgres, waitFor } from '../../kit/index.ts';

const server = postgres(anyMajor);

const relationOid = 77;
const at = (position: number) => lsn(BigInt(position));

function block(messages: readonly Buffer[], keepaliveEnd: number | null = null): ChangeBlock {
  const builder = new BlockBuilder(64);
  for (const message of messages) builder.add(message, 0, message.length);
  return { ...builder.take(), keepaliveEnd: keepaliveEnd === null ? null : at(keepaliveEnd) };
}

const int32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(n);
  return bytes;
};

/** `public.a (id int4)`, no key. */
const relation = Buffer.concat([
  Buffer.from('R'),
  int32(relationOid),
  Buffer.from('public\0a\0d\0\x01\0id\0', 'latin1'),
  int32(23),
  int32(-1),
]);

function insert(id: number): Buffer {
  const text = Buffer.from(String(id));
  const head = Buffer.from('N\0\x01t', 'latin1');
  return Buffer.concat([Buffer.from('I'), int32(relationOid), head, int32(text.length), text]);
}

test('nothing of a large transaction is visible, and no position moves, before its Commit is read', async () => {
  const database = await server.database('CREATE TABLE a (id int)');
  const session = await Session.connect(database.url);
  await migrate(session);
  const claim = { sourceSystemId: '1', sourceDatabase: 'd', slot: 's', publication: 'p' };
  const owner = await claimPipeline(session, { name: 'large', ...claim });
  await setFirstPosition(session, owner, at(1000));
  const [table] = await readTables(session, { include: ['public.a'] });
  const area = new SpillArea('large', { maxBytes: 1e6 });
  const queue = new BlockQueue({ memoryBytes: 1e6, area });
  const applier = new Applier({
    session,
    owner,
    slot: 's',
    position: at(1000),
    format: 'text',
    byDependency: false,
    findDestination: async (found) => ({
      table: joinTarget(found, table!, { rank: 0, equality: new Map() }),
      snapshotLsn: at(0),
    }),
    readHold: async () => null,
    limits: { segmentChanges: 2, idleWriteMs: 10 },
  });
  const stop = new AbortController();
  const running = applier.run(queue, { signal: stop.signal });
  const ids = async () =>
    (await database.rows<{ id: number }>('SELECT id FROM a ORDER BY id')).map(({ id }) => id);
  const isIdleInTransaction = async (): Promise<boolean> => {
    const rows = await database.rows(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
        AND state = 'idle in transaction' AND clock_timestamp() - state_change > interval '0.6 s'`,
    );
    return rows.length > 0;
  };

  // The piece is full with the block's last message, and an older keepalive could be written down.
  await queue.push(block([], 1500));
  const begin = encodeBegin({ finalLsn: at(9000), commitTimeUs: 0n, xid: 5 });
  await queue.push(block([begin, relation, insert(1), insert(2)]));
  await waitFor('the first piece, and longer than any idle wait', isIdleInTransaction);
  expect(await ids()).toEqual([]);

  await queue.push(block([insert(3), insert(4)]));
  await queue.push(
    block([encodeCommit({ commitLsn: at(9000), endLsn: at(9008), commitTimeUs: 0n })]),
  );
  await waitFor('the commit', async () => applier.position === at(9008));
  expect(await ids()).toEqual([1, 2, 3, 4]);
  expect((await readPipeline(session, 'large'))?.position).toBe(at(9008));

  // Stopped in the middle of the next: rolled back.
  await queue.push(
    block([encodeBegin({ finalLsn: at(9500), commitTimeUs: 0n, xid: 6 }), insert(5), insert(6)]),
  );
  await waitFor('the first piece of the next', isIdleInTransaction);
  stop.abort();
  await running;
  expect(await ids()).toEqual([1, 2, 3, 4]);
  await session.close();
  await area.remove();
});
