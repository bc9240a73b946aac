import { afterEach, describe, expect, it } from 'vitest';
import { resetUnfinished, restoreAll, restoreDropped } from '../../../src/replicate/copy/index.ts';
import { armFailpoint, silentLog, type ArmedFailpoint } from '../../../src/service/index.ts';
import { parseConnection } from '../../../src/session/index.ts';
import { expectSameRows, postgres, startProxy, waitFor, within } from '../../kit/index.ts';
import { CopyScene } from './scene.ts';

const sql = `
  CREATE TABLE big (id int PRIMARY KEY, note text, other int);
  CREATE INDEX big_note ON big (note);
  CREATE TABLE parts (id int PRIMARY KEY, big int REFERENCES big) PARTITION BY RANGE (id);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (500);
  CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (500) TO (1000);
  CREATE TABLE small (id int PRIMARY KEY, note text, big int REFERENCES big)`;

const rows = `
  INSERT INTO big SELECT i, repeat('x', 100) || i, i FROM generate_series(1, 6000) i;
  INSERT INTO parts SELECT i, i + 1 FROM generate_series(0, 999) i;
  INSERT INTO small SELECT i, 'n' FROM generate_series(1, 10) i`;

/** `big` has about a dozen ranges of this size, the others one each. */
const rangeBytes = 65_536;

describe('a copy', () => {
  const server = postgres();
  const armed: ArmedFailpoint[] = [];
  afterEach(() => {
    for (const failpoint of armed.splice(0)) failpoint.release();
  });

  function arm(...args: Parameters<typeof armFailpoint>): ArmedFailpoint {
    const failpoint = armFailpoint(...args);
    armed.push(failpoint);
    return failpoint;
  }

  async function makeScene(options: { sql?: string; rows?: string } = {}): Promise<CopyScene> {
    return CopyScene.make({ source: server, target: server, sql, rows, ...options });
  }

  const moments = [
    ['copy.before-drop', 1],
    ['copy.before-drop', 3],
    ['copy.after-drop', 1],
    ['copy.after-drop', 2],
    ['copy.after-drop', 3],
    ['copy.range.before-commit', 1],
    ['copy.range.before-commit', 5],
    ['copy.range.after-commit', 1],
    ['copy.range.after-commit', 6],
    ['copy.table.before-receipt', 1],
    ['copy.table.before-receipt', 3],
    ['copy.index.before-restore', 1],
    ['copy.index.before-commit', 1],
    ['copy.index.before-commit', 4],
    ['copy.index.after-restore', 1],
    ['copy.index.after-restore', 3],
  ] as const;

  it.each(moments)('that ends at %s (%i) goes on from there', async (name, at) => {
    const scene = await makeScene();
    const before = await scene.objects();
    const failpoint = arm(name, 'throw', at);

    await expect(scene.copy({ rangeBytes })).rejects.toMatchObject({ code: 'SERVICE_FAILPOINT' });
    await failpoint.reached;
    await scene.source.query('UPDATE small SET note = id; DELETE FROM parts WHERE id % 7 = 0');
    const ready = await readyTables(scene);
    await resume(scene);

    expect(await scene.objects()).toEqual(before);
    expect(await scene.journal()).toEqual([]);
    const tables = ['big', 'parts_1', 'parts_2', 'small'].filter((table) => !ready.has(table));
    await expectSameRows(scene.source, scene.target, tables);
  });

  it.each([
    ['copy.index.before-commit', 2],
    ['copy.index.after-restore', 2],
  ] as const)(
    'that ends at %s (%i) of the foreign keys makes them when it starts again',
    async (name, at) => {
      const scene = await makeScene();
      const before = await scene.objects();
      await scene.copy({ rangeBytes });
      arm(name, 'throw', at);

      await expect(scene.restoreForeignKeys()).rejects.toMatchObject({ code: 'SERVICE_FAILPOINT' });
      await scene.restoreForeignKeys();

      expect(await scene.objects()).toEqual(before);
    },
  );

  it.each(['source', 'target'] as const)(
    'repeats a range when its session on the %s is killed',
    async (side) => {
      const scene = await makeScene();
      const held = arm('copy.range.before-commit', 'hold', 4);
      const log = { ...silentLog, warn: (_: string, fields?: object) => void warned.push(fields) };
      const warned: unknown[] = [];
      const ranges: number[] = [];

      const copy = scene.copy({ rangeBytes, log, onCopied: ({ rows }) => void ranges.push(rows) });
      await held.reached;
      const killed = await scene[side].value<number>(
        `SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'sluice copy%'`,
      );
      held.release();

      expect(killed).toBeGreaterThan(1);
      const summary = await within('the copy', copy);
      expect(warned.length).toBeGreaterThan(0);
      expect(summary.rows).toBe(7010);
      await scene.restoreForeignKeys();
      await expectSameRows(scene.source, scene.target);
    },
  );

  it.each(['source', 'target'] as const)(
    'gets past a network that loses connections to the %s',
    async (side) => {
      const scene = await makeScene();
      const proxy = await startProxy({ port: server.port });
      if (side === 'source') scene.sourceUrl = proxy.url(scene.source.url);
      else scene.targetUrl = proxy.url(scene.target.url);
      let cuts = 0;
      const onCopied = (): void => {
        if ((cuts += 1) % 4 === 0 && cuts < 16) proxy.cut();
      };

      const summary = await scene.copy({ rangeBytes, onCopied });

      expect(cuts).toBeGreaterThan(8);
      expect(summary.rows).toBe(7010);
      await scene.restoreForeignKeys();
      await expectSameRows(scene.source, scene.target);
    },
  );

  it('finds a range that was committed though the answer was lost', async () => {
    const scene = await makeScene({
      sql: 'CREATE TABLE t (id int, note text)',
      rows: "INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 500) i",
    });
    const proxy = await startProxy({ port: server.port });
    scene.targetUrl = proxy.url(scene.target.url);
    const held = arm('copy.range.before-commit', 'hold', 2);

    const copy = scene.copy({ rangeBytes, jobs: 1 });
    await held.reached;
    proxy.toClient.stall();
    held.release();
    await waitFor(
      'two ranges',
      async () =>
        (await scene.target.value<number>('SELECT count(*)::int FROM sluice.copy_range')) === 2,
    );
    proxy.toClient.resume();
    proxy.cut();

    expect((await copy).rows).toBe(500);
    await expectSameRows(scene.source, scene.target, ['t']);
  });

  it('ends when another owner takes over, with nothing of its own committed after that', async () => {
    const scene = await makeScene();
    const held = arm('copy.range.before-commit', 'hold', 3);
    const copy = scene.copy({ rangeBytes, jobs: 1 });
    await held.reached;

    // A claim waits for transactions that have checked the epoch, so it gets in behind this one.
    const claim = scene.claim();
    held.release();
    await expect(copy).rejects.toMatchObject({ code: 'LEDGER_FENCED' });
    await claim;

    expect(await scene.target.value('SELECT count(*)::int FROM sluice.copy_range')).toBeLessThan(
      13,
    );
    await resume(scene);
    await expectSameRows(scene.source, scene.target);
  });

  it('goes on without the session that exported the snapshot', async () => {
    const scene = await makeScene();
    const snapshot = await scene.snapshot();
    const held = arm('copy.range.before-commit', 'hold', 2);
    const copy = scene.copy({ rangeBytes, held: snapshot });
    await held.reached;
    snapshot.holder.destroy();
    await snapshot.holder.closed;
    held.release();

    expect((await copy).rows).toBe(7010);
  });

  it('asks for another snapshot when nobody holds it any more, and keeps finished tables', async () => {
    const scene = await makeScene({
      sql: `CREATE TABLE a (id int PRIMARY KEY, note text); CREATE TABLE b (id int PRIMARY KEY, note text)`,
      rows: `INSERT INTO a SELECT i, repeat('x', 400) FROM generate_series(1, 1000) i;
             INSERT INTO b SELECT i, repeat('x', 200) FROM generate_series(1, 1000) i`,
    });
    const snapshot = await scene.snapshot();
    const held = arm('copy.index.before-commit', 'hold', 1);
    const copy = scene.copy({ rangeBytes, held: snapshot, jobs: 1 });
    await held.reached;
    await scene.source.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name LIKE 'sluice%'
          AND application_name <> 'sluice scene'`,
    );
    await snapshot.holder.closed;
    held.release();

    await expect(copy).rejects.toMatchObject({ code: 'COPY_SNAPSHOT_LOST', decision: 'reconnect' });
    expect(await scene.states()).toMatchObject({ 'public.a': 'ready' });
    await resume(scene);
    expect(await scene.states()).toEqual({ 'public.a': 'ready', 'public.b': 'ready' });
    await expectSameRows(scene.source, scene.target);
  });

  it.each([
    ['truncated', 'TRUNCATE small'],
    ['rewritten', 'ALTER TABLE small ALTER note TYPE varchar(50), ALTER id TYPE bigint'],
    ['moved', 'VACUUM FULL small'],
  ])(
    'sets a table aside that was %s after the snapshot, and copies the others',
    async (_, change) => {
      const scene = await makeScene();
      const snapshot = await scene.snapshot();
      await scene.source.query(change);

      const copy = scene.copy({ rangeBytes, held: snapshot, tables: await scene.tables() });

      await expect(copy).rejects.toMatchObject({
        code: 'COPY_SOURCE_REWRITTEN',
        decision: 'reconnect',
      });
      expect(await scene.states()).toMatchObject({
        'public.big': 'ready',
        'public.parts_1': 'ready',
      });
      expect((await scene.states())['public.small']).not.toBe('ready');
      await scene.target.query('ALTER TABLE small ALTER id TYPE bigint');
      await resume(scene);
      await expectSameRows(scene.source, scene.target);
    },
  );

  it('stops when a unique index cannot be made, with the rows and the definition kept', async () => {
    const scene = await CopyScene.make({
      source: server,
      target: server,
      sql: 'CREATE TABLE t (id int, note text)',
      targetSql: 'CREATE TABLE t (id int, note text); CREATE UNIQUE INDEX t_note ON t (note)',
      rows: "INSERT INTO t SELECT i, 'same' FROM generate_series(1, 10) i",
    });

    await expect(scene.copy()).rejects.toMatchObject({
      code: 'COPY_RESTORE_REFUSED',
      details: { kind: 'index', object: 't_note', table: 'public.t', sqlstate: '23505' },
    });
    expect((await scene.journal()).map(({ name }) => name)).toEqual(['t_note']);
    await scene.target.query('UPDATE t SET note = id');
    await resume(scene);

    expect(await scene.states()).toEqual({ 'public.t': 'ready' });
    expect(
      await scene.target.value("SELECT count(*)::int FROM pg_indexes WHERE indexname = 't_note'"),
    ).toBe(1);
  });

  it('stops when rows break a foreign key, which stays in force for new ones', async () => {
    const scene = await CopyScene.make({
      source: server,
      target: server,
      sql: 'CREATE TABLE t (id int)',
      targetSql: `CREATE TABLE elsewhere (id int PRIMARY KEY);
        CREATE TABLE t (id int CONSTRAINT t_elsewhere REFERENCES elsewhere)`,
      rows: 'INSERT INTO t VALUES (1), (2)',
    });
    await scene.copy();

    await expect(scene.restoreForeignKeys()).rejects.toMatchObject({
      code: 'COPY_RESTORE_REFUSED',
      details: { object: 't_elsewhere', sqlstate: '23503' },
    });
    await expect(scene.target.query('INSERT INTO t VALUES (3)')).rejects.toThrow(/t_elsewhere/);
    await scene.target.query('INSERT INTO elsewhere VALUES (1), (2)');
    await scene.restoreForeignKeys();
    expect(
      await scene.target.value(
        "SELECT convalidated FROM pg_constraint WHERE conname = 't_elsewhere'",
      ),
    ).toBe(true);
  });

  it('gives up a foreign key that somebody drops because rows break it', async () => {
    const scene = await CopyScene.make({
      source: server,
      target: server,
      sql: 'CREATE TABLE t (id int)',
      targetSql: `CREATE TABLE elsewhere (id int PRIMARY KEY);
        CREATE TABLE t (id int CONSTRAINT t_elsewhere REFERENCES elsewhere)`,
      rows: 'INSERT INTO t VALUES (1), (2)',
    });
    await scene.copy();
    await expect(scene.restoreForeignKeys()).rejects.toMatchObject({
      code: 'COPY_RESTORE_REFUSED',
    });

    await scene.target.query('ALTER TABLE t DROP CONSTRAINT t_elsewhere');
    await scene.restoreForeignKeys();

    expect(await scene.journal()).toEqual([]);
  });

  it('refuses a table that has rows of somebody else, before it drops anything', async () => {
    const scene = await makeScene();
    await scene.target.query("INSERT INTO small VALUES (99, 'mine')");
    const before = await scene.objects();

    await expect(scene.copy({ rangeBytes })).rejects.toMatchObject({
      code: 'COPY_TARGET_NOT_EMPTY',
      details: { table: 'public.small' },
    });
    expect(await scene.objects()).toEqual(before);
    await resetUnfinished(scene.tx, scene.owner, await scene.tables());
    expect(await scene.target.value('SELECT count(*)::int FROM small')).toBe(1);
  });

  it('stops when the target swallows rows', async () => {
    const scene = await CopyScene.make({
      source: server,
      target: server,
      sql: 'CREATE TABLE t (id int)',
      targetSql: `CREATE TABLE t (id int);
        CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE TRIGGER swallow BEFORE INSERT ON t FOR EACH ROW WHEN (NEW.id = 2) EXECUTE FUNCTION swallow();
        ALTER TABLE t ENABLE ALWAYS TRIGGER swallow`,
      rows: 'INSERT INTO t VALUES (1), (2), (3)',
    });

    await expect(scene.copy()).rejects.toMatchObject({
      code: 'COPY_ROWS_DIFFER',
      details: { table: 'public.t', sent: 3, kept: 2 },
    });
    expect(await scene.target.value('SELECT count(*)::int FROM t')).toBe(0);
  });

  it('needs no more than to insert on the target; what it may not drop stays', async () => {
    const scene = await makeScene({ sql: sql.replaceAll('REFERENCES big', '') });
    const before = await scene.objects();
    const role = `loader_${scene.target.name}`;
    await scene.target.query(`CREATE ROLE ${role} LOGIN;
      GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO ${role};
      GRANT USAGE ON SCHEMA sluice TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA sluice TO ${role}`);
    const url = new URL(scene.target.url);
    url.username = role;
    scene.targetUrl = url.href;

    const { rows } = await scene.copy({ rangeBytes });

    expect(rows).toBe(7010);
    expect(await scene.objects()).toEqual(before);
    expect(await scene.target.value('SELECT count(*)::int FROM sluice.dropped_object')).toBe(0);
    await expectSameRows(scene.source, scene.target);
  });

  it('leaves no definition behind when its pipeline is given up', async () => {
    const scene = await makeScene();
    const before = await scene.objects();
    arm('copy.range.after-commit', 'throw', 2);
    await expect(scene.copy({ rangeBytes })).rejects.toMatchObject({ code: 'SERVICE_FAILPOINT' });

    const owner = await scene.claim();
    await resetUnfinished(scene.tx, owner, await scene.tables());
    // Which tables had arrived is a matter of timing: here one whose rows reference what is not there.
    await scene.target.query('TRUNCATE big, parts, small; INSERT INTO parts VALUES (1, 2)');
    const target = parseConnection(scene.targetUrl);
    const signal = new AbortController().signal;
    const refused = await restoreAll({ target, owner, jobs: 2, log: silentLog, signal });

    expect(refused.map(({ entry }) => entry.name)).toEqual(['parts_big_fkey']);
    expect((await scene.journal()).map(({ name }) => name)).toEqual(['parts_big_fkey']);
    const left = before.filter((line) => !line.includes('parts_big_fkey'));
    expect(await scene.objects()).toEqual(left);
  });

  it('says which table the target refuses, without its values', async () => {
    const scene = await CopyScene.make({
      source: server,
      target: server,
      sql: 'CREATE TABLE t (id int, secret text)',
      targetSql: "CREATE TABLE t (id int, secret text CHECK (secret <> 'hush'))",
      rows: "INSERT INTO t VALUES (1, 'hush')",
    });

    const error: unknown = await scene.copy().catch((refused: unknown) => refused);

    expect(error).toMatchObject({
      code: 'COPY_REFUSED',
      details: { table: 'public.t', sqlstate: '23514' },
    });
    expect(String(error)).not.toContain('hush');
  });
});

/** As a pipeline does when it starts again: with another owner, and another snapshot. */
async function resume(scene: CopyScene): Promise<void> {
  const owner = await scene.claim();
  const tables = await scene.tables();
  const target = parseConnection(scene.targetUrl);
  await resetUnfinished(scene.tx, owner, tables);
  const signal = new AbortController().signal;
  await restoreDropped({ target, owner, tables, jobs: 2, log: silentLog, signal });
  await scene.copy({ rangeBytes });
  await scene.restoreForeignKeys();
}

async function readyTables(scene: CopyScene): Promise<Set<string>> {
  const states = Object.entries(await scene.states());
  const done = states.filter(([, state]) => state !== 'pending' && state !== 'copying');
  return new Set(done.map(([name]) => name.replace('public.', '')));
}
