import { expect } from 'vitest';
import type { Pooler } from '../../../src/pool/index.ts';
import {
  majors,
  openPipeline,
  waitFor,
  type PipelineClient,
  type PipelineOptions,
  type Sent,
  type TestDatabase,
  type TestServer,
  type Until,
} from '../../kit/index.ts';
import { startScene, type Scene, type SceneOptions } from '../scene.ts';

/** What is sent, and how far its replies are read (default: to the first ReadyForQuery). */
export type Script = readonly (readonly [sent: Sent, until?: Until])[];

/** The oldest and the newest: what differs between majors differs between these. */
export const outerMajors = [...new Set([majors.at(-1)!, majors[0]!])];

export interface PairOptions {
  /** What the database starts with. */
  readonly sql?: string;
  readonly settings?: SceneOptions['settings'];
  /** Default: one server for everybody, so that crossing shows. */
  readonly poolSize?: number;
  readonly users?: SceneOptions['users'];
}

/** A database and a transaction pool before it. */
export async function startPair(server: TestServer, options: PairOptions = {}): Promise<Pair> {
  const database = await server.database(options.sql);
  const scene = await startScene({
    databases: { app: database.url },
    settings: {
      pool_mode: 'transaction',
      default_pool_size: options.poolSize ?? 1,
      ...options.settings,
    },
    ...(options.users === undefined ? {} : { users: options.users }),
  });
  return new Pair(server, database, scene);
}

/** See `startPair`. */
export class Pair {
  readonly server: TestServer;
  readonly database: TestDatabase;
  readonly scene: Scene;

  constructor(server: TestServer, database: TestDatabase, scene: Scene) {
    this.server = server;
    this.database = database;
    this.scene = scene;
  }

  get pooler(): Pooler {
    return this.scene.pooler;
  }

  /** A client of PostgreSQL itself. */
  direct(options: PipelineOptions = {}): Promise<PipelineClient> {
    return openPipeline(this.server.port, { database: this.database.name, ...options });
  }

  /** A client of the pool. */
  pooled(options: PipelineOptions = {}): Promise<PipelineClient> {
    return openPipeline(this.scene.port, { database: 'app', ...options });
  }

  /**
   * The transcript of a script, which must be the same directly and through the pool, while somebody else
   * waits for the very server it runs on.
   */
  async sameAsDirect(script: Script, options: PipelineOptions = {}): Promise<string[]> {
    const direct = await this.direct({ ...options, split: undefined! });
    const wanted = await play(direct, script);
    await direct.close();
    const pooled = await this.pooled(options);
    const neighbour = await this.pooled();
    const got = await play(pooled, script, () => askNeighbour(neighbour));
    expect(got).toEqual(wanted);
    await pooled.close();
    await this.expectQuiet();
    await neighbour.close();
    return got;
  }

  /** The same with nobody else there: in session mode a neighbour waits for the client's end. */
  async sameAsDirectAlone(script: Script, options: PipelineOptions = {}): Promise<string[]> {
    const direct = await this.direct({ ...options, split: undefined! });
    const wanted = await play(direct, script);
    await direct.close();
    const pooled = await this.pooled(options);
    const got = await play(pooled, script);
    expect(got).toEqual(wanted);
    await pooled.close();
    await this.expectQuiet();
    return got;
  }

  /** Nothing is due, nobody waits, every server is idle. */
  async expectQuiet(): Promise<void> {
    let busy: unknown[] = [];
    const look = (): boolean => {
      busy = whatIsBusy(this.pooler);
      return busy.length === 0;
    };
    await waitFor('the pool to be quiet', look, { timeoutMs: 5000 }).catch((error: unknown) => {
      throw new Error(`left behind: ${JSON.stringify(busy)}`, { cause: error });
    });
  }
}

/** What would keep a pool from serving the next client. */
export function whatIsBusy(pooler: Pooler): unknown[] {
  return pooler.pools.flatMap((pool) => {
    const servers = [...pool.servers].filter(
      ({ client, state, isFree, expected }) =>
        client !== null || state !== 'idle' || !isFree || expected.size > 0,
    );
    const described = servers.map(
      ({ id, state, expected, status, isCopyIn, hasFailed, client }) => ({
        server: id,
        state,
        due: expected.size,
        status: String.fromCharCode(status),
        isCopyIn,
        hasFailed,
        client: client?.id ?? null,
      }),
    );
    const isUneven = pool.idle.length !== pool.servers.size || pool.waiting.size > 0;
    const { loginsUnderWay } = pool;
    return servers.length === 0 && !isUneven
      ? []
      : [
          ...described,
          {
            idle: pool.idle.length,
            of: pool.servers.size,
            waiting: pool.waiting.size,
            loginsUnderWay,
          },
        ];
  });
}

let asked = 0;

/** Simple and extended, and never anybody else's answer. */
async function askNeighbour(neighbour: PipelineClient): Promise<void> {
  const mark = `neighbour ${++asked}`;
  const simple = await neighbour.ask((w) => w.query(`SELECT '${mark}'`));
  expect(simple).toEqual(['T:?column?', `D:${mark}`, 'C:SELECT 1', 'Z:I']);
  const extended = await neighbour.ask((w) =>
    w.parse('', 'SELECT $1::text').bind('', '', [mark]).execute('').sync(),
  );
  expect(extended).toEqual(['1', '2', `D:${mark}`, 'C:SELECT 1', 'Z:I']);
}

async function play(
  client: PipelineClient,
  script: Script,
  beside?: () => Promise<void>,
): Promise<string[]> {
  const came: string[] = [];
  let neighbour: Promise<void> | undefined;
  for (const [sent, until] of script) {
    await client.send(sent);
    neighbour ??= beside?.();
    came.push(...(await client.until(until ?? 1)));
  }
  const last = came.at(-1);
  if (last !== 'Z:I' && last !== 'end') await client.close();
  await neighbour;
  expect(client.unread.filter((reply) => reply !== 'end')).toEqual([]);
  return came;
}

export interface Fetched {
  readonly text: string;
  readonly values?: readonly string[];
}

/** Parse, Bind, Execute without names. */
export function unnamed(text: string, values: readonly string[] = []) {
  return (w: Parameters<Exclude<Sent, Buffer>>[0]): unknown =>
    w.parse('', text).bind('', '', values).execute('');
}
