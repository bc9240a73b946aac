import { describe, expect, test } from 'vitest';
import { installScript } from '../../src/queue/index.ts';
import { anyMajor, postgres, type TestDatabase } from '../kit/index.ts';
import { runHere, type Said } from './fake-io.ts';

async function queue(db: TestDatabase, ...args: readonly string[]): Promise<Said> {
  return runHere(['queue', ...args, '--db', db.url]);
}

describe('sluice queue refuses', () => {
  const server = postgres(anyMajor);

  async function withQueue(): Promise<TestDatabase> {
    return server.database(
      `${installScript()}; select pgq.create_queue('q'), pgq.register_consumer('q', 'c')`,
    );
  }

  test('what is not there, by its name', async () => {
    const db = await withQueue();
    const missing = 'QUEUE_CONSUMER_UNKNOWN: queue q has no consumer nosuch';
    for (const verb of ['dead', 'retry', 'redrive', 'unregister'])
      expect((await queue(db, verb, 'q', 'nosuch')).stderr, verb).toContain(missing);
    expect((await queue(db, 'register', 'q', 'd', '--at', '99999')).stderr).toContain(
      'QUEUE_TICK_UNKNOWN: queue q has no tick 99999: its ticks are between 1 and 1',
    );
    expect(await db.value('select count(*)::int from pgq.subscriber')).toBe(1);
  });

  test('what is no number', async () => {
    const db = await withQueue();
    for (const args of [
      ['register', 'q', 'c', '--at', 'abc'],
      ['redrive', 'q', 'c', 'abc'],
    ]) {
      const { exitCode, stderr } = await queue(db, ...args);
      expect({ exitCode, stderr }).toEqual({
        exitCode: 2,
        stderr: expect.stringContaining('It is no whole number.'),
      });
    }
  });

  test.each([
    ['ticker_max_lag=banana', 'a time, 0 or more'],
    ['rotation_period=-1', 'a time, 0 or more'],
    ['ticker_max_count=-5', 'a number of events, 0 or more'],
    ['ticker_max_count=99999999999', 'a number of events, 0 or more'],
    ['ticker_paused=perhaps', '0 or 1'],
  ])('%s', async (given, expected) => {
    const db = await withQueue();
    const { stderr } = await queue(db, 'config', 'q', given);
    expect(stderr).toContain('QUEUE_SETTING_VALUE: queue q: ');
    expect(stderr).toContain(`give ${expected}`);
  });

  test.each([
    ['', 'it is empty'],
    ['a\nb', 'it has control characters'],
    ['ä'.repeat(32), 'it has 64 bytes'],
  ])('%j as a name', async (name, problem) => {
    const db = await withQueue();
    expect((await queue(db, 'create', name)).stderr).toContain(`cannot name a queue: ${problem}`);
    expect((await queue(db, 'register', 'q', name)).stderr).toContain(
      `cannot name a consumer: ${problem}`,
    );
    expect((await queue(db, 'create', 'ä'.repeat(31))).stdout).toContain(': made');
  });

  test('consumers of a queue in the WAL', async () => {
    const db = await server.database(`${installScript()}; select pgq.create_wal_queue('far')`);
    expect((await queue(db, 'register', 'far', 'c')).stderr).toContain(
      'QUEUE_WAL_CONSUMER: queue far lives in the WAL, and has no consumers here',
    );
  });

  test('with what schema pgq says, where it is what refuses', async () => {
    const db = await withQueue();
    const { stderr } = await queue(db, 'create', 'q', '--kind', 'wal');
    expect(stderr).toContain(
      'refuses this: queue q is there already, and keeps its events in tables',
    );
  });

  test('a user without rights, with the grant that is missing', async () => {
    const db = await withQueue();
    await db.query('create role "Nobody 7" login');
    const url = new URL(db.url);
    url.username = 'Nobody 7';
    const as = async (...args: readonly string[]) =>
      (await runHere(['queue', ...args, '--db', url.href])).stderr;
    for (const args of [
      ['create', 'r'],
      ['config', 'q', 'ticker_max_lag=1s'],
      ['drop', 'q'],
      ['redrive', 'q', 'c'],
      ['retry', 'q', '--now'],
      ['pause', 'q'],
      ['ticker'],
    ])
      expect(await as(...args), args[0]).toMatch(
        /QUEUE_RIGHTS: user "Nobody 7" lacks rights in .*: permission denied for .*; run GRANT pgq_admin TO "Nobody 7"/,
      );
    expect(await as('list')).toBe('');
    for (const args of [
      ['register', 'q', 'd'],
      ['unregister', 'q', 'c'],
      ['dead', 'q'],
    ])
      expect(await as(...args), args[0]).toContain('run GRANT pgq_reader TO "Nobody 7"');
  });

  test('nothing that its roles may do (docs/queue.md)', async () => {
    const db = await withQueue();
    await db.query('create role a_reader login in role pgq_reader');
    await db.query('create role an_admin login in role pgq_admin');
    const as = async (role: string, ...args: readonly string[]) => {
      const url = new URL(db.url);
      url.username = role;
      return (await runHere(['queue', ...args, '--db', url.href])).stderr;
    };
    for (const line of ['list', 'register q d', 'dead q', 'unregister q d'])
      expect(await as('a_reader', ...line.split(' ')), line).toBe('');
    for (const line of [
      'create r',
      'config r ticker_max_lag=1s',
      'pause r',
      'resume r',
      'register r c',
      'status',
      'retry r',
      'retry r --now',
      'redrive r c',
      'schedule set s r @daily t',
      'schedule list',
      'schedule remove s',
      'drop r --force',
    ])
      expect(await as('an_admin', ...line.split(' ')), line).toBe('');
  });

  test('where schema pgq is missing, with a placeholder for the database', async () => {
    const db = await server.database();
    expect((await queue(db, 'status')).stderr).toContain('sluice queue install --db URL');
  });
});
