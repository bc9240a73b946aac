import { expect, test } from 'vitest';
import { Session } from '../../src/session/index.ts';
import { BacklogLane } from '../../src/stream/backlog-lane.ts';
import { anyMajor, postgres } from '../kit/index.ts';

const server = postgres(anyMajor);

test('a lane whose neighbour has been killed unnoticed asks for another try, not for a person', async () => {
  const db = await server.database();
  await db.query(`SELECT pg_create_logical_replication_slot('lanes', 'pgoutput')`);
  const killed = new BacklogLane(await Session.connect(db.url), 'lanes', {});
  const next = new BacklogLane(await Session.connect(db.url), 'lanes', {});
  await killed.takeOver('lanes');
  await db.query(
    `SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE slot_name = $1`,
    [killed.slot],
  );
  await expect(next.takeOverFrom(killed)).rejects.toMatchObject({ code: 'STREAM_READER_LOST' });
  // The slot itself is a matter of the start rules.
  await expect(next.takeOver('nothing')).rejects.toMatchObject({ sqlstate: '42704' });
  await Promise.all([killed.close(), next.close()]);
  await db.query(`SELECT pg_drop_replication_slot('lanes')`);
});
