import { cp, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { armFailpoint } from '../../../src/service/index.ts';
import { anyMajor, postgres, waitFor, within } from '../../kit/index.ts';
import { bank, Scene } from './scene.ts';

const source = postgres(anyMajor, { max_slot_wal_keep_size: '1MB', wal_keep_size: 0 });
const other = postgres(anyMajor);
const target = postgres(anyMajor);

/** A refused start must not have touched anything. */
async function expectUntouched(scene: Scene, start: () => Promise<Error>): Promise<Error> {
  const known = await scene.there.rows(
    `SELECT position::text FROM sluice.pipeline WHERE name = 'test'`,
  );
  const rows = await scene.there.value('SELECT count(*)::int FROM moves');
  const slots = await scene.here.rows(
    'SELECT slot_name, confirmed_flush_lsn FROM pg_replication_slots',
  );
  const error = await start();
  expect(await scene.there.value('SELECT count(*)::int FROM moves')).toBe(rows);
  expect(
    await scene.there.rows(`SELECT position::text FROM sluice.pipeline WHERE name = 'test'`),
  ).toEqual(known);
  expect(
    await scene.here.rows('SELECT slot_name, confirmed_flush_lsn FROM pg_replication_slots'),
  ).toEqual(slots);
  return error;
}

/** After the remedy of the message: dropped, the target emptied, copied anew. */
async function startAnew(scene: Scene): Promise<void> {
  await scene.drop();
  await scene.there.query('TRUNCATE accounts, moves, cards, days');
  await scene.settles();
}

describe('a source that no longer has what the ledger needs stops the pipeline before anything is done', () => {
  test('the slot is gone', async () => {
    const scene = await bank(source, target);
    await scene.once();
    await scene.here.query(`INSERT INTO moves VALUES (1, 1, 'missed')`);
    await scene.here.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database()',
    );
    const error = await expectUntouched(scene, () => scene.refused());
    expect(error).toMatchObject({ code: 'LEDGER_SLOT_MISSING' });
    expect(error.message).toMatch(/drop the pipeline .* copy anew/);
    await startAnew(scene);
  });

  test('the slot was invalidated', async () => {
    const scene = await bank(source, target);
    await scene.once();
    await waitFor('the slot to be invalidated', async () => {
      await scene.here.query(
        `INSERT INTO moves SELECT g, g, repeat('w', 500) FROM generate_series(1, 3000) g`,
      );
      await scene.here.query('SELECT pg_switch_wal()');
      await scene.here.query('CHECKPOINT');
      const [slot] = await scene.here.rows<{ wal_status: string }>(
        'SELECT wal_status FROM pg_replication_slots WHERE database = current_database()',
      );
      return slot?.wal_status === 'lost';
    });
    const error = await expectUntouched(scene, () => scene.refused());
    expect(error).toMatchObject({ code: 'LEDGER_SLOT_LOST' });
    expect(error.message).toMatch(/max_slot_wal_keep_size/);
    await startAnew(scene);
  });

  test('the slot is ahead: the target was put back from a backup', async () => {
    const scene = await bank(source, target);
    await scene.once();
    await scene.there.close();
    await target.local.stop('fast');
    const { dataDir } = target.local;
    const backup = `${dataDir}.backup`;
    await cp(dataDir, backup, { recursive: true, preserveTimestamps: true });
    await target.local.start();
    await scene.here.query(`INSERT INTO moves VALUES (1, 1, 'after the backup')`);
    await scene.once();
    await scene.there.close();
    await target.local.stop('fast');
    await putBack(backup, dataDir);
    await target.local.start();

    const error = await expectUntouched(scene, () => scene.refused());
    expect(error).toMatchObject({ code: 'LEDGER_SLOT_AHEAD' });
    expect(error.message).toMatch(/restored from a backup/);
    await startAnew(scene);
  });

  test('the ledger is lost and the slot is there', async () => {
    const scene = await bank(source, target);
    await scene.once();
    await scene.here.query(`INSERT INTO moves VALUES (1, 1, 'after the loss')`);
    await scene.there.query(`TRUNCATE sluice.pipeline CASCADE;
      TRUNCATE accounts, moves, cards, days`);
    const error = await expectUntouched(scene, () => scene.refused());
    expect(error).toMatchObject({ code: 'REPLICATE_SLOT_UNKNOWN' });
    expect(error.message).toMatch(/sluice replicate drop/);
    await startAnew(scene);
  });

  test('another server stands where the source was', async () => {
    const scene = await bank(source, target);
    await scene.once();
    const stranger = await bank(other, target);
    const swapped = new Scene(stranger.here, scene.there);
    const error = await expectUntouched(scene, () => swapped.refused());
    expect(error).toMatchObject({ code: 'LEDGER_OTHER_SOURCE' });
    await scene.settles();
  });

  test('the slot gets ahead between the look at it and its use', async () => {
    const scene = await bank(source, target);
    await scene.once();
    await scene.here.query(`INSERT INTO moves VALUES (1, 1, 'confirmed by a stray')`);
    const held = armFailpoint('replicate.slot.before-start', 'hold');
    const pipeline = scene.pipeline({ once: true });
    pipeline.start();
    const outcome = pipeline.finished.catch((error: unknown) => error);
    await within('the slot to be read', held.reached);
    // What a walsender of a process that died may do: take in a confirmation that was on its way.
    await scene.here.query(
      'SELECT pg_replication_slot_advance(slot_name, pg_current_wal_flush_lsn()) FROM pg_replication_slots WHERE database = current_database()',
    );
    held.release();
    expect(await outcome).toMatchObject({ code: 'LEDGER_SLOT_AHEAD' });
    expect(
      await scene.there.value(`SELECT count(*)::int FROM moves WHERE note LIKE 'confirmed%'`),
    ).toBe(0);
  });
});

/** As root, the server runs as another user, whose files they must stay. */
async function putBack(backup: string, dataDir: string): Promise<void> {
  const { stat, chown, readdir } = await import('node:fs/promises');
  const { uid, gid } = await stat(dataDir);
  await rm(dataDir, { recursive: true, force: true });
  await cp(backup, dataDir, { recursive: true, preserveTimestamps: true });
  await rm(backup, { recursive: true, force: true });
  await chown(dataDir, uid, gid);
  for (const entry of await readdir(dataDir, { recursive: true }))
    await chown(`${dataDir}/${entry}`, uid, gid);
}
