import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  anyMajor,
  crashSluice,
  noNats,
  postgres,
  runSluice,
  startNats,
  startProxy,
  startSluice,
  temporaryFolder,
  waitFor,
  type RunningNats,
  type TestDatabase,
} from '../../kit/index.ts';
import { whileFeeding } from './failpoints.ts';
import { readChange, type ReadChange } from './scene.ts';

// 64 kB makes the larger transactions streamed before they end.
const server = postgres(anyMajor, { logical_decoding_work_mem: '64kB' });
const stream = 'CHANGES';

/** Tables of which every change is a number, so that a missing, repeated or moved one shows. */
const tables = `
  CREATE TABLE steps (n int PRIMARY KEY, note text);
  CREATE TABLE state (id int PRIMARY KEY, n int NOT NULL);
  INSERT INTO state VALUES (1, 0);`;

class Scene {
  readonly here: TestDatabase;
  readonly nats: RunningNats;
  readonly config: string;
  #steps = 0;

  constructor(here: TestDatabase, nats: RunningNats, urls: { source: string; port: number }) {
    this.here = here;
    this.nats = nats;
    this.config = join(temporaryFolder(), 'sluice.toml');
    writeFileSync(
      this.config,
      `[databases]
       shop = "${urls.source}"
       [sinks.events.nats]
       servers = ["127.0.0.1:${urls.port}"]
       stream = "${stream}"
       ack_timeout = "5s"
       [replicate.feed]
       source = "shop"
       target = "events"`,
    );
  }

  args(...more: string[]): string[] {
    return ['replicate', 'run', 'feed', '--config', this.config, ...more];
  }

  /** Follows to where the source is now. */
  async once(): Promise<void> {
    const ended = await runSluice(this.args('--once'));
    expect(ended.stderr + ended.stdout).toContain('done');
    expect(ended.exitCode).toBe(0);
  }

  /** One transaction of some changes of two tables. */
  async write(inserts: number): Promise<void> {
    const from = this.#steps + 1;
    this.#steps += inserts;
    await this.here.query(
      `WITH made AS (
         INSERT INTO steps SELECT g, repeat('n', 100) FROM generate_series(${from}, ${this.#steps}) g)
       UPDATE state SET n = ${this.#steps}`,
    );
  }

  async changes(): Promise<ReadChange[]> {
    return (await this.nats.kept(stream)).map(({ payload }) => readChange(payload));
  }

  /** Exactly once, in order, each transaction whole. */
  async settles(): Promise<void> {
    await this.once();
    const changes = await this.changes();
    const steps = changes.filter(({ table }) => table === 'steps');
    expect(steps.map(({ key }) => key?.['n'])).toEqual(
      Array.from({ length: this.#steps }, (_, i) => i + 1),
    );
    let sequence = 0;
    for (const { transaction, table, after } of changes) {
      sequence += 1;
      expect(transaction.sequence).toBe(sequence);
      if (table === 'state') expect(after!['n']).toBeLessThanOrEqual(this.#steps);
      if (transaction.last) sequence = 0;
    }
    expect(sequence).toBe(0);
    const last = changes.findLast(({ table }) => table === 'state');
    expect(last?.after).toMatchObject({ id: 1, n: this.#steps });
  }
}

/** Followed once already: what commits from now on is to arrive. */
async function prepare(): Promise<Scene> {
  const here = await server.database(tables, { mayLeak: true });
  const nats = await startNats();
  await nats.addStream(stream);
  const scene = new Scene(here, nats, { source: here.url, port: nats.port });
  await scene.once();
  return scene;
}

// Each runs some processes, one after the other.
const patient = { timeout: 240_000 };

describe.skipIf(noNats !== null)(
  'from PostgreSQL into NATS, each change once and in order',
  patient,
  () => {
    test.each(whileFeeding)('after kill -9, twice, at %s', async (failpoint) => {
      const scene = await prepare();
      await scene.write(3);
      await scene.write(2_000);
      for (let i = 0; i < 50; i += 1) await scene.write(2);
      await crashSluice(scene.args(), failpoint);
      for (let i = 0; i < 50; i += 1) await scene.write(2);
      await crashSluice(scene.args(), failpoint, { failpoints: { [failpoint]: 'kill@2' } });
      await scene.settles();
    });

    test('after kill -9 in the middle of a transaction that is larger than a block', async () => {
      const scene = await prepare();
      await scene.write(10);
      await scene.write(20_000);
      const killed = startSluice(scene.args());
      await waitFor('the middle', async () => (await scene.nats.count(stream)) > 3_000);
      await killed.kill();
      expect(await scene.nats.count(stream)).toBeLessThan(20_000);
      await scene.settles();
    });

    test('over kill -9 of the NATS server, and cuts on both ways, while it is written to', async () => {
      const here = await server.database(tables, { mayLeak: true });
      const nats = await startNats();
      await nats.addStream(stream);
      const toSource = await startProxy({ port: Number(new URL(here.url).port) });
      const toNats = await startProxy({ port: nats.port });
      const scene = new Scene(here, nats, { source: toSource.url(here.url), port: toNats.port });
      await scene.once();
      const running = startSluice(scene.args());
      for (let round = 0; round < 12; round += 1) {
        for (let i = 0; i < 30; i += 1) await scene.write(5);
        if (round % 4 === 0) toNats.toServer.cutAfter(5_000);
        if (round % 4 === 1) toSource.cut();
        if (round % 4 === 2) toNats.toClient.cutAfter(500);
        if (round % 4 === 3) {
          await nats.kill();
          await scene.write(5);
          await nats.start();
        }
      }
      toNats.toServer.cutAfter(Infinity);
      toNats.toClient.cutAfter(Infinity);
      await running.stop();
      await scene.settles();
    });

    test('of two processes one feeds, and the other takes over when it dies', async () => {
      const scene = await prepare();
      const first = startSluice(scene.args());
      await scene.write(5);
      await waitFor('the first', async () => (await scene.nats.count(stream)) === 6);
      const second = startSluice(scene.args());
      await second.says(/standing by/);
      await scene.write(5);
      await waitFor('the first', async () => (await scene.nats.count(stream)) === 12);
      await first.kill();
      await scene.write(5);
      await waitFor('the second', async () => (await scene.nats.count(stream)) === 18);
      await second.stop();
      await scene.settles();
    });
  },
);
