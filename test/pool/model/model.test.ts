import { setTimeout as delay } from 'node:timers/promises';
import { assert, asyncProperty } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { postgres, waitFor, type TestDatabase } from '../../kit/index.ts';
import { outerMajors, startPair, whatIsBusy } from '../protocol/pair.ts';
import { ModelClient } from './model-client.ts';
import { programs, type Program } from './program.ts';

/** More of them by hand: SLUICE_MODEL_RUNS=1000 npx vitest run test/pool/model */
const runs = Number(process.env['SLUICE_MODEL_RUNS'] ?? 25);

describe.each(outerMajors)('random clients of one pool, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test(
    'P6: every reply is the one that this client asked for, and nothing is left behind',
    { timeout: 30_000 + runs * 1000 },
    async () => {
      const property = asyncProperty(programs(7, 12), (program) => run(program));
      await assert(property, {
        numRuns: runs,

        endOnFailure: true,
      });
    },
  );

  async function run(program: Program): Promise<void> {
    const pair = await startPair(server, {
      sql: 'CREATE TABLE sink (n int, mark text)',
      poolSize: program.poolSize,
      settings: {
        pool_mode: program.mode,
        max_prepared_statements: program.mostPrepared,
        server_round_robin: 1,
        server_login_retry: 0.05,
        query_wait_timeout: 20,
      },
    });
    const { pooler } = pair;
    const clients = program.clients.map(
      (_steps, i) => new ModelClient(`c${i}`, pair.scene.port, program.pieceBytes),
    );
    const kills = program.kills.map((afterMs) => kill(pair.database, afterMs));
    const all = clients.map((client, i) => client.run(program.clients[i]!));
    await Promise.all([...all, ...kills]).catch((error: unknown) => {
      const doing = clients.map(({ id, doing }) => [id, doing]);
      const pool = JSON.stringify({ pool: whatIsBusy(pooler), doing });
      throw new Error(`the pool meanwhile: ${pool}`, { cause: error });
    });
    if (program.kills.length === 0)
      expect(clients.map(({ losses }) => losses)).toEqual(clients.map(() => 0));
    await waitFor(
      'every client to be gone',
      () => pooler.clients.size === 0 && pooler.handshakes.size === 0,
      { timeoutMs: 5000 },
    );
    await pair.expectQuiet();
    expect(whatIsBusy(pooler)).toEqual([]);
    expect(pooler.cancels.count).toBe(0);
    expect(await pair.database.rows('SELECT FROM sink WHERE n = 0')).toEqual([]);
    for (const pool of pooler.pools) {
      expect(pool.servers.size).toBeLessThanOrEqual(program.poolSize);
      expect(pool.clients.size).toBe(0);
      for (const { prepared, cancelsUnderWay } of pool.servers) {
        expect(prepared.count).toBeLessThanOrEqual(program.mostPrepared);
        expect(cancelsUnderWay).toBe(0);
      }
    }
    await Promise.all([pair.scene.close(), pair.database.close()]);
  }
});

/** Ends one of the pool's servers, whatever it does just then. */
async function kill(database: TestDatabase, afterMs: number): Promise<void> {
  await delay(afterMs);
  await database.query(`
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND backend_type = 'client backend' AND application_name <> 'test'
     ORDER BY random() LIMIT 1`);
}
