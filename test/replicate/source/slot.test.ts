import { expect, test } from 'vitest';
import { createSlotSnapshot } from '../../../src/replicate/source/slot.ts';
import { decisionOf, silentLog } from '../../../src/service/index.ts';
import { parseConnection, Session } from '../../../src/session/index.ts';
import { readSlot, removeSlot } from '../../../src/stream/index.ts';
import { anyMajor, postgres, waitFor, within, type TestDatabase } from '../../kit/index.ts';

const server = postgres(anyMajor);

const name = 'sluice_slot_test';

async function pidOfSlot(database: TestDatabase): Promise<number | null> {
  const [slot] = await database.rows<{ pid: number | null }>(
    `SELECT active_pid AS pid FROM pg_replication_slots WHERE slot_name = '${name}'`,
  );
  return slot?.pid ?? null;
}

test.each([true, false])(
  'the source session is lost while a slot is made (temporary: %s): told once, and the next one is made',
  async (temporary) => {
    const database = await server.database();
    const blocker = await Session.connect(parseConnection(database.url), { purpose: 'blocker' });
    await blocker.query('BEGIN; SELECT pg_current_xact_id()');
    const target = parseConnection(database.url);
    const options = { slot: name, temporary, log: silentLog, signal: new AbortController().signal };
    const source = await Session.connect(target, { purpose: 'source' });

    const making = createSlotSnapshot(target, source, options);
    const refused = making.then(
      () => null,
      (error: unknown) => error,
    );
    const left = await waitFor('the slot to be in the making', () => pidOfSlot(database));
    await database.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE '%source%'`,
    );
    expect(decisionOf(await within('the loss to be told', refused, 10_000))).toBe('reconnect');

    // The server still makes the slot: it does not look at its client while it waits.
    const again = await Session.connect(target, { purpose: 'source' });
    const second = createSlotSnapshot(target, again, options);
    await waitFor('another walsender to make it', async () => {
      const pid = await pidOfSlot(database);
      return pid !== null && pid !== left;
    });
    await blocker.query('COMMIT');
    const snapshot = await within('the slot', second);
    expect(await readSlot(again, name)).toMatchObject({ confirmedFlushLsn: snapshot.lsn });
    await snapshot.holder.close();
    if (!temporary) await removeSlot(again, name);
    await Promise.all([again.close(), blocker.close(), source.close()]);
  },
);
