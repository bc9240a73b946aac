import { spawn } from 'node:child_process';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readTables } from '../../../src/catalog/index.ts';
import { isSluiceError } from '../../../src/errors/index.ts';
import { advance, holdPipeline, readPipeline, setTableState } from '../../../src/ledger/index.ts';
import {
  alignSnapshots,
  compareDatabases,
  compareTables,
  makeUnits,
  type AlignedPipeline,
  type Alignment,
  type CompareReport,
} from '../../../src/replicate/compare/index.ts';
import { silentLog, silentProgress } from '../../../src/service/index.ts';
import { parseConnection } from '../../../src/session/index.ts';
import { parseLsn, type Lsn } from '../../../src/wire/index.ts';
import { anyMajor, majors, postgres, waitFor, type TestDatabase } from '../../kit/index.ts';
import { listed, onlyTable } from './compare-kit.ts';
import { fakeTables, startFake, writeUntil, type FakeApplier } from './fake-pipeline.ts';

const here = postgres(anyMajor);
const there = postgres(majors[0] ?? anyMajor);

interface Fake {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly applier: FakeApplier;
}

async function fakePipeline(): Promise<Fake> {
  const source = await here.database(fakeTables);
  const target = await there.database(fakeTables);
  return { source, target, applier: await startFake(source, target) };
}

const running: AlignedPipeline = {
  name: 'fake',
  isRunning: async () => true,
  advanceTo: async () => {
    throw new Error('another process applies');
  },
};

async function align(
  { source, target }: Fake,
  pipeline: AlignedPipeline,
  signal = new AbortController().signal,
): Promise<Alignment> {
  return alignSnapshots({
    source: parseConnection(source.url),
    target: parseConnection(target.url),
    pipeline,
    log: silentLog,
    signal,
  });
}

function compareLive({ source, target }: Fake, pipeline = running): Promise<CompareReport> {
  return compareDatabases({ source: source.url, target: target.url, pipeline });
}

/** Writes and applies until the returned function is called, at the latest until the test ends. */
async function keepBusy({ source, applier }: Fake): Promise<() => Promise<number>> {
  let isDone = false;
  const writing = writeUntil(await source.client(), applier, () => isDone);
  const applying = applier.runUntil(() => isDone);
  const all = Promise.all([writing, applying]).finally(() => (isDone = true));
  const stop = async (): Promise<number> => {
    isDone = true;
    const [count] = await all;
    return count;
  };
  onTestFinished(async () => void (await stop()));
  return stop;
}

/** A position beyond every hold. */
async function isApplyFree({ target, applier }: Fake): Promise<boolean> {
  const pipeline = await readPipeline(target, 'fake');
  const next = parseLsn('F/0');
  await target.query('BEGIN');
  try {
    await advance(target, { name: 'fake', epoch: pipeline?.epoch ?? 0n }, applier.position, next);
    return true;
  } catch (error) {
    if (isSluiceError(error, 'LEDGER_HELD')) return false;
    throw error;
  } finally {
    await target.query('ROLLBACK');
  }
}

describe('while both sides are written to', () => {
  test('every comparison is exact, and finds the one row that was changed behind', async () => {
    const fake = await fakePipeline();
    const stop = await keepBusy(fake);
    const positions: Lsn[] = [];
    for (let i = 0; i < 4; i++) {
      const before = fake.applier.transactions;
      const report = await compareLive(fake);
      await waitFor('another transaction', () => fake.applier.transactions > before);
      expect(onlyTable(report)).toMatchObject({ name: 't', equal: true, problem: null });
      expect(report.rows).toBeGreaterThanOrEqual(2000);
      positions.push(parseLsn(report.position ?? ''));
    }
    await fake.target.query('UPDATE t SET v = -1 WHERE id = 1');
    expect(listed(onlyTable(await compareLive(fake)))).toEqual(['different 1']);
    expect(await stop()).toBeGreaterThan(3);
    expect(positions).toEqual([...new Set(positions)].toSorted((a, b) => (a < b ? -1 : 1)));
  });

  test('apply goes on while the snapshots are read', async () => {
    const fake = await fakePipeline();
    const stop = await keepBusy(fake);
    await using alignment = await align(fake, running);
    const position = alignment.position ?? 0n;
    await waitFor('apply to pass the position', () => fake.applier.position > position);
    const units = makeUnits(
      await readTables(alignment.source.session),
      await readTables(alignment.source.session),
      await readTables(alignment.target.session),
    );
    const report = await compareTables({
      source: alignment.source,
      target: alignment.target,
      tables: units,
      progress: silentProgress,
      signal: new AbortController().signal,
    });
    expect(report.equal).toBe(true);
    await stop();
  });

  test('nothing is left of it on either side', async () => {
    const fake = await fakePipeline();
    const stop = await keepBusy(fake);
    await compareLive(fake);
    await stop();
    expect(await isApplyFree(fake)).toBe(true);
    expect(
      await fake.source.rows('SELECT slot_name FROM pg_replication_slots WHERE temporary'),
    ).toEqual([]);
    expect((await readPipeline(fake.target, 'fake'))?.holdLsn).toBeNull();
  });
});

describe('without a process that applies', () => {
  test('the target is brought to the position by this one', async () => {
    const fake = await fakePipeline();
    await fake.source.query('UPDATE t SET v = 0 WHERE id < 100');
    const reached: Lsn[] = [];
    const report = await compareLive(fake, {
      name: 'fake',
      isRunning: async () => false,
      advanceTo: async (position) => {
        await fake.applier.runUntil(() => fake.applier.position === position);
        reached.push(position);
      },
    });
    expect(report.equal).toBe(true);
    expect(reached).toEqual([parseLsn(report.position ?? '')]);
  });

  test('and when that does not bring it there, says so', async () => {
    const fake = await fakePipeline();
    const idle = { name: 'fake', isRunning: async () => false, advanceTo: async () => undefined };
    await expect(compareLive(fake, idle)).rejects.toMatchObject({ code: 'COMPARE_NOT_RUNNING' });
    expect(await isApplyFree(fake)).toBe(true);
  });
});

describe('what it waits for has an end', () => {
  const impatient = { ...running, patienceMs: 300 };

  test('an applier that does not move is named', async () => {
    const fake = await fakePipeline();
    await expect(compareLive(fake, impatient)).rejects.toMatchObject({
      code: 'COMPARE_WAIT',
      details: { what: expect.stringMatching(/the target of fake to reach \d+\/\w+/) },
    });
    expect(await isApplyFree(fake)).toBe(true);
  });

  test('a transaction that keeps the source from giving a snapshot is named', async () => {
    const fake = await fakePipeline();
    const writer = await fake.source.client();
    await writer.query('BEGIN; UPDATE t SET v = 0 WHERE id = 1');
    await expect(compareLive(fake, impatient)).rejects.toMatchObject({
      code: 'COMPARE_WAIT',
      details: { what: expect.stringContaining('the transaction of backend') },
    });
    await writer.query('ROLLBACK');
    expect(await isApplyFree(fake)).toBe(true);
  });

  test('an abort ends it and leaves nothing', async () => {
    const fake = await fakePipeline();
    const control = new AbortController();
    const aligning = align(fake, running, control.signal);
    await waitFor('the hold', async () => (await readPipeline(fake.target, 'fake'))?.holdOwner);
    control.abort(new Error('enough'));
    await expect(aligning).rejects.toThrow();
    await waitFor('apply to be free', () => isApplyFree(fake));
  });
});

describe('a comparison that dies', () => {
  test('does not hold up apply', async () => {
    const fake = await fakePipeline();
    const child = spawnAligner(fake);
    await waitFor('the comparison to hold apply', async () => !(await isApplyFree(fake)));
    child.kill('SIGKILL');
    await waitFor('apply to be free', () => isApplyFree(fake));
    await waitFor('the temporary slot to go', async () =>
      fake.source.value<boolean>('SELECT count(*) = 0 FROM pg_replication_slots WHERE temporary'),
    );
  });

  test('by losing a snapshot says that it must be made again', async () => {
    const fake = await fakePipeline();
    const stop = await keepBusy(fake);
    await using alignment = await align(fake, running);
    await stop();
    const units = makeUnits(
      await readTables(alignment.source.session),
      await readTables(alignment.source.session),
      await readTables(alignment.target.session),
    );
    await fake.target.query(`SELECT pg_terminate_backend(${alignment.target.session.backendPid})`);
    await alignment.target.session.closed;
    await expect(
      compareTables({
        source: alignment.source,
        target: alignment.target,
        tables: units,
        progress: silentProgress,
        signal: new AbortController().signal,
      }),
    ).rejects.toMatchObject({ code: 'COMPARE_SNAPSHOT_LOST', details: { side: 'target' } });
  });
});

/** A process of its own that compares, and waits for an applier that never comes. */
function spawnAligner({ source, target }: Fake): ReturnType<typeof spawn> {
  const door = new URL('../../../src/replicate/compare/index.ts', import.meta.url).href;
  const program = `
    const { compareDatabases } = await import('${door}');
    await compareDatabases({
      source: '${source.url}', target: '${target.url}',
      pipeline: { name: 'fake', isRunning: async () => true, advanceTo: async () => undefined },
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: 'inherit',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('a pipeline that cannot be compared yet', () => {
  test('is refused when the target does not know it', async () => {
    const fake = await fakePipeline();
    await expect(compareLive(fake, { ...running, name: 'other' })).rejects.toMatchObject({
      code: 'COMPARE_NO_PIPELINE',
    });
  });

  test('is refused when the role may make no slot on the source', async () => {
    const fake = await fakePipeline();
    await fake.source.query('CREATE ROLE reader LOGIN; GRANT SELECT ON t TO reader');
    onTestFinished(async () => {
      await here.query('DROP ROLE reader');
    });
    const url = new URL(fake.source.url);
    url.username = 'reader';
    const { target } = fake;
    await expect(
      compareDatabases({ source: url.href, target: target.url, pipeline: running }),
    ).rejects.toMatchObject({ code: 'COMPARE_SLOT', details: { sqlstate: '42501' } });
    await fake.source.query('DROP OWNED BY reader');
    expect(await isApplyFree(fake)).toBe(true);
  });

  test('is refused while another comparison holds it', async () => {
    const fake = await fakePipeline();
    await holdPipeline(await fake.target.client(), 'fake', null);
    await expect(compareLive(fake)).rejects.toMatchObject({ code: 'LEDGER_HOLD' });
  });

  test('has tables that are not copied yet, or that the source has no more', async () => {
    const fake = await fakePipeline();
    const { source, target } = fake;
    for (const side of [source, target]) await side.query('CREATE TABLE u (id int PRIMARY KEY)');
    await setTableState(target, 'fake', { schema: 'public', name: 'u' }, 'copying');
    await setTableState(target, 'fake', { schema: 'public', name: 'gone' }, 'ready');
    const stop = await keepBusy(fake);
    const report = await compareLive(fake);
    await stop();
    expect(report.equal).toBe(false);
    expect(report.tables).toMatchObject([
      { name: 'gone', problem: 'missing on the source' },
      { name: 't', equal: true },
      { name: 'u', equal: false, problem: 'not copied yet' },
    ]);
  });
});
