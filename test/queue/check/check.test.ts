import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  checkConsumer,
  checkDatabase,
  checkKeptDatabase,
  checkWalQueue,
  installScript,
  lookAtInserting,
  lookAtTracking,
  queueFindingSpecs,
  QueueKeeper,
} from '../../../src/queue/index.ts';
import { Metrics, silentLog, type Finding } from '../../../src/service/index.ts';
import {
  anyMajor,
  majors,
  postgres,
  waitFor,
  type TestDatabase,
  type TestServer,
} from '../../kit/index.ts';
import { hasOriginal } from '../schema/original.ts';
import { followed, moveAll, removeSlots, walDatabases, type Databases } from '../wal/wal.ts';

const server = postgres(anyMajor);

/** Databases by the names of a file. */
function options(urls: Readonly<Record<string, string>>) {
  const connectionOf = (name: string) => Promise.resolve(urls[name]!);
  return { connectionOf, signal: new AbortController().signal };
}

/** `CODE subject` of each finding. */
function brief(findings: readonly Finding[]): string[] {
  for (const { code, remedy } of findings) {
    expect(Object.keys(queueFindingSpecs)).toContain(code);
    expect(remedy).not.toMatch(/\{\w+\}/);
  }
  return findings.map(({ code, subject }) => `${code} ${subject}`);
}

/** The database for a user who may nothing but log in and what `sql` grants. */
async function asUser(
  { port }: TestServer,
  database: TestDatabase,
  name: string,
  sql = '',
): Promise<string> {
  await database.query(`create role ${name} login; ${sql}`);
  onTestFinished(async () => {
    await database.query(`drop owned by ${name}; drop role ${name}`);
    await database.close();
  });
  return `postgres://${name}@127.0.0.1:${port}/${database.name}`;
}

const kept = async (url: string) => brief(await checkKeptDatabase('shop', options({ shop: url })));

describe.each(majors)('a database with queues on PostgreSQL %i', (major) => {
  const own = postgres(major);

  test('is fit, of nobody else kept, and of our version', async () => {
    const { url } = await own.database(installScript());
    expect(await kept(url)).toEqual([]);
  });

  test.skipIf(!hasOriginal(major))('may have the original', async () => {
    const { url } = await own.database('create extension pgq');
    expect(await kept(url)).toEqual([]);
    const databases = options({ shop: url, events: url });
    const place = { queue: 'q', source: 'shop', target: 'events', targetQueue: 'q' };
    expect(brief(await checkWalQueue(place, databases))).toEqual([
      'CHECK_QUEUE_ORIGINAL shop',
      'CHECK_QUEUE_ORIGINAL events',
    ]);
    expect(brief(await checkConsumer({ database: 'shop', queue: 'q' }, databases))).toEqual([
      'CHECK_QUEUE_MISSING queue q of shop',
    ]);
  });
});

describe('a database whose queues are to be kept', () => {
  test('is named when it cannot be reached, also for its login', async () => {
    const { url } = await server.database();
    expect(await kept('postgres://app@127.0.0.1:1/shop')).toEqual(['CHECK_DATABASE shop']);
    expect(await kept(url.replace('postgres@', 'nobody_known@'))).toEqual(['CHECK_DATABASE shop']);
  });

  test('needs schema pgq', async () => {
    const { url } = await server.database();
    const findings = await checkKeptDatabase('shop', options({ shop: url }));
    expect(findings).toMatchObject([
      { code: 'CHECK_QUEUE_SCHEMA', remedy: 'run sluice queue install --db shop' },
    ]);
  });

  test('may be of an older or a newer Sluice', async () => {
    const database = await server.database(installScript());
    await database.query('delete from pgq.migration where version > 5');
    expect(await kept(database.url)).toEqual(['CHECK_QUEUE_SCHEMA_OLDER shop']);
    await database.query("insert into pgq.migration (version, name) values (99, 'later')");
    expect(await kept(database.url)).toEqual(['CHECK_QUEUE_SCHEMA_NEWER shop']);
  });

  test('gives its work to members of pgq_admin', async () => {
    const database = await server.database(installScript());
    const url = await asUser(server, database, 'visitor');
    expect(await kept(url)).toEqual(['CHECK_QUEUE_ADMIN shop']);
    await database.query('grant pgq_admin to visitor');
    expect(await kept(url)).toEqual([]);
  });

  test('tells who else ticks it', async () => {
    const { url } = await server.database(installScript());
    const deps = { log: silentLog, metrics: new Metrics() };
    const keeper = new QueueKeeper({ database: 'shop', connection: url }, deps);
    keeper.start();
    await waitFor('the keeper', () => keeper.status().state === 'keeping');
    const findings = await checkKeptDatabase('shop', options({ shop: url }));
    expect(findings).toMatchObject([
      {
        code: 'CHECK_QUEUE_TICKER',
        evidence: expect.stringMatching(/^sluice queue ticker .*\(process \d+\)$/),
      },
    ]);
    await keeper.stop();
    await keeper.finished;
  });

  test('tells of pgqd by what it asks', async () => {
    const database = await server.database(installScript());
    const pgqd = await database.client();
    await pgqd.query('select pgq.ticker()');
    expect(await kept(database.url)).toEqual(['CHECK_QUEUE_TICKER shop']);
    await pgqd.query('select 1');
    expect(await kept(database.url)).toEqual([]);
  });
});

test('a standby keeps no queues', async () => {
  const { dataDir } = server.local;
  const database = await server.database(installScript());
  await database.close();
  await server.local.stop();
  await writeFile(join(dataDir, 'standby.signal'), '');
  await server.local.start();
  try {
    const findings = await checkKeptDatabase('shop', options({ shop: database.url }));
    expect(findings).toMatchObject([{ code: 'CHECK_QUEUE_STANDBY' }]);
  } finally {
    await server.local.stop();
    await rm(join(dataDir, 'standby.signal'));
    await server.local.start();
  }
});

const reading = async (url: string, queue = 'q') =>
  brief(await checkConsumer({ database: 'shop', queue }, options({ shop: url })));

const tracking = async (url: string) =>
  brief(
    await checkDatabase('to', options({ to: url }), (database) =>
      Promise.resolve(lookAtTracking(database)),
    ),
  );

describe('a consumer', () => {
  test('reads a queue with tables that is there, as a member of pgq_reader', async () => {
    const database = await server.database(installScript());
    await database.query("select pgq.create_queue('q'), pgq.create_wal_queue('w')");
    expect(await reading(database.url)).toEqual([]);
    expect(await reading(database.url, 'w')).toEqual(['CHECK_QUEUE_KIND queue w of shop']);
    expect(await reading(database.url, 'none')).toEqual(['CHECK_QUEUE_MISSING queue none of shop']);
    const url = await asUser(server, database, 'visitor');
    expect(await reading(url)).toEqual(['CHECK_QUEUE_READER shop']);
    await database.query('grant pgq_reader to visitor');
    expect(await reading(url)).toEqual([]);
  });

  test('inserts as a member of pgq_writer', async () => {
    const database = await server.database(installScript());
    await database.query("select pgq.create_queue('q')");
    const url = await asUser(server, database, 'visitor');
    const inserting = async (queue?: string) =>
      brief(
        await checkDatabase('shop', options({ shop: url }), (shop) => lookAtInserting(shop, queue)),
      );
    expect(await inserting()).toEqual(['CHECK_QUEUE_WRITER shop']);
    await database.query('grant pgq_writer to visitor');
    expect(await inserting('q')).toEqual([]);
    expect(await inserting('none')).toEqual(['CHECK_QUEUE_MISSING queue none of shop']);
  });

  test('keeps its position in pgq_ext of its target', async () => {
    const bare = await server.database();
    expect(await tracking(bare.url)).toEqual(['CHECK_QUEUE_TRACKING to']);
    const database = await server.database(installScript());
    expect(await tracking(database.url)).toEqual([]);
    const url = await asUser(server, database, 'visitor');
    expect(await tracking(url)).toEqual(['CHECK_QUEUE_WRITER to']);
  });
});

const orders = { queue: 'orders', source: 'shop', target: 'events', targetQueue: 'orders' };

async function checkWal(
  source: string,
  target: string,
  place: Partial<typeof orders> = {},
): Promise<string[]> {
  const databases = options({ shop: source, events: target });
  return brief(await checkWalQueue({ ...orders, ...place }, databases));
}

describe('a queue in the WAL', () => {
  const targetServer = postgres(anyMajor);

  async function makeBoth(): Promise<Databases> {
    const both = await walDatabases(server, targetServer);
    onTestFinished(() => removeSlots(both).then(() => both.source.close()));
    return both;
  }

  test('is fit before its first run, after it and while it runs', async () => {
    const both = await makeBoth();
    const check = () => checkWal(both.source.url, both.target.url);
    expect(await check()).toEqual([]);
    await moveAll(both);
    expect(await check()).toEqual([]);
    const running = followed(both);
    running.start();
    await running.ready;
    expect(await check()).toEqual([]);
    await running.stop();
    await running.finished;
  });

  test('tells of each side that cannot be reached', async () => {
    const away = 'postgres://app@127.0.0.1:1/shop';
    expect(await checkWal(away, away)).toEqual(['CHECK_DATABASE shop', 'CHECK_DATABASE events']);
  });

  test('has to be there, and to be one', async () => {
    const { source, target } = await makeBoth();
    await source.query("select pgq.create_queue('q')");
    await target.query("select pgq.create_wal_queue('orders')");
    expect(await checkWal(source.url, target.url, { queue: 'q' })).toEqual([
      'CHECK_QUEUE_WAL_NOT queue q of shop',
      'CHECK_QUEUE_KIND queue orders of events',
    ]);
    const place = { queue: 'none', targetQueue: 'other' };
    const databases = options({ shop: source.url, events: target.url });
    expect(await checkWalQueue({ ...orders, ...place }, databases)).toMatchObject([
      {
        code: 'CHECK_QUEUE_MISSING',
        remedy: 'run sluice queue create none --kind wal --db shop, or name another one',
      },
    ]);
  });

  test('needs its rights on both sides', async () => {
    const { source, target } = await makeBoth();
    const from = await asUser(server, source, 'visitor');
    const to = await asUser(targetServer, target, 'visitor');
    expect(await checkWal(from, to)).toEqual([
      'CHECK_QUEUE_ADMIN shop',
      'CHECK_QUEUE_WAL_REPLICATION shop',
      'CHECK_QUEUE_WAL_CREATE shop',
      'CHECK_QUEUE_ADMIN events',
      'CHECK_QUEUE_WAL_CREATE events',
    ]);
    for (const database of [source, target]) {
      await database.query(
        `grant pgq_admin to visitor; alter role visitor replication;
         grant create on database ${database.name} to visitor`,
      );
    }
    expect(await checkWal(from, to)).toEqual([]);
  });

  test('needs a target that holds every text', async () => {
    const { source } = await makeBoth();
    await targetServer.query(
      "create database latin encoding 'LATIN1' locale 'C' template template0",
    );
    onTestFinished(async () => void (await targetServer.query('drop database latin')));
    const client = new Client({ connectionString: targetServer.url('latin') });
    await client.connect();
    await client.query(installScript());
    await client.end();
    expect(await checkWal(source.url, targetServer.url('latin'))).toEqual([
      'CHECK_QUEUE_WAL_ENCODING events',
    ]);
  });

  test('goes to one database', async () => {
    const both = await makeBoth();
    await moveAll(both);
    const other = await targetServer.database(installScript());
    expect(await checkWal(both.source.url, other.url)).toEqual([
      'CHECK_QUEUE_WAL_TAKEN queue orders of shop',
    ]);
  });

  test('is lost when its slot is gone, or its target forgot of it', async () => {
    const both = await makeBoth();
    await moveAll(both);
    await both.target.query('delete from sluice.pipeline');
    const check = () => checkWal(both.source.url, both.target.url);
    expect(await check()).toEqual(['CHECK_QUEUE_WAL_LOST queue orders of shop']);
    await both.target.query('drop schema sluice cascade');
    expect(await check()).toEqual(['CHECK_QUEUE_WAL_LOST queue orders of shop']);

    const others = await makeBoth();
    await moveAll(others);
    await removeSlots(others);
    expect(await checkWal(others.source.url, others.target.url)).toEqual([
      'CHECK_QUEUE_WAL_LOST queue orders of shop',
    ]);
  });
});

describe('a source that cannot have its WAL read', () => {
  const poor = postgres(anyMajor, { wal_level: 'replica', max_replication_slots: 0 });

  test('is named for its level and its slots', async () => {
    const { source, target } = await walDatabases(poor);
    expect(await checkWal(source.url, target.url)).toEqual([
      'CHECK_QUEUE_WAL_LEVEL shop',
      'CHECK_QUEUE_WAL_SLOTS shop',
    ]);
  });
});
