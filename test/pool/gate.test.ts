import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ConsoleGate, PoolGate } from '../../src/pool/index.ts';
import { redirectEntry } from '../../src/pool/redirect-entry.ts';
import { GatesInStep } from '../../src/service/index.ts';
import { postgres, startPgbouncer, TestDatabase } from '../kit/index.ts';
import { pgbouncers } from '../kit/pgbouncer-programs.ts';
import { describeGate, type GateUnderTest } from '../service/gate-conformance.ts';
import { startScene } from './scene.ts';

const server = postgres();

/** Two databases, and what is the same for every gate in front of them. */
async function makePlaces() {
  const [here, there] = await Promise.all([makeDatabase(), makeDatabase()]);
  return {
    entry: entryOf(here),
    here: { name: here.name },
    there: { name: there.name, target: targetOf(there) },
    seen: async () => {
      const rows = await Promise.all(
        [here, there].map((database) => database.rows<{ n: number }>('SELECT n FROM seen')),
      );
      return rows
        .flat()
        .map(({ n }) => n)
        .toSorted((a, b) => a - b);
    },
  };
}

async function makeDatabase(): Promise<TestDatabase> {
  const database = await server.database();
  await database.query('CREATE TABLE seen (n int)');
  return database;
}

function targetOf({ url, name }: TestDatabase): { host: string; port: number; database: string } {
  const { hostname, port, searchParams } = new URL(url);
  return { host: searchParams.get('host') ?? hostname, port: Number(port), database: name };
}

function entryOf(database: TestDatabase): string {
  const { host, port, database: dbname } = targetOf(database);
  return `host=${host} port=${port} dbname=${dbname} user=postgres`;
}

const settings = { pool_mode: 'transaction', auth_type: 'any', admin_users: 'postgres' };

describeGate('a pool in this process', async (): Promise<GateUnderTest> => {
  const { entry, ...places } = await makePlaces();
  const scene = await startScene({ databases: { app: entry }, settings });
  const gate = new PoolGate(scene.operations, 'app');
  return { gate, connect: () => scene.client('app'), ...places };
});

describeGate('the console of a pool', async (): Promise<GateUnderTest> => {
  const { entry, ...places } = await makePlaces();
  const scene = await startScene({ databases: { app: entry }, settings });
  const console = scene.url('pgbouncer');
  const gate = new ConsoleGate({ console, database: 'app', configFile: scene.file });
  return { gate, connect: () => scene.client('app'), ...places };
});

describeGate('two pools in step', async (): Promise<GateUnderTest> => {
  const { entry, ...places } = await makePlaces();
  const options = { databases: { app: entry }, settings };
  const scenes = [await startScene(options), await startScene(options)] as const;
  const gate = new GatesInStep(scenes.map((scene) => new PoolGate(scene.operations, 'app')));
  let turn = 0;
  return { gate, connect: () => scenes[turn++ % 2]!.client('app'), ...places };
});

for (const program of Object.values(pgbouncers)) {
  describe.skipIf(!program.isHere)(program.name, () => {
    describeGate('its console', async (): Promise<GateUnderTest> => {
      const { entry, ...places } = await makePlaces();
      const { port, configFile } = await startPgbouncer(program, {
        databases: { app: entry },
        settings,
      });
      const url = `postgres://postgres@127.0.0.1:${port}`;
      const gate = new ConsoleGate({ console: `${url}/pgbouncer`, database: 'app', configFile });
      const connect = async (): Promise<Client> => {
        const client = new Client({ connectionString: `${url}/app` });
        client.on('error', () => undefined);
        await client.connect();
        onTestFinished(() => client.end());
        return client;
      };
      return { gate, connect, ...places };
    });
  });
}

describe('the line of a database', () => {
  const target = { host: 'new.example', port: 5433, database: 'shop two' };

  test('leads elsewhere; everything else of the file stays', () => {
    const ini = [
      '[databases]',
      '; app = host=comment',
      "app = host=old port=5432 dbname='a b' pool_size=5 user=x",
      'other = host=old',
      '[pgbouncer]',
      'app = 1',
    ].join('\n');
    expect(redirectEntry(ini, 'app', target)?.split('\n')).toEqual([
      '[databases]',
      '; app = host=comment',
      "app = host=new.example port=5433 dbname='shop two' pool_size=5 user=x",
      'other = host=old',
      '[pgbouncer]',
      'app = 1',
    ]);
  });

  test('that is not there is no other', () => {
    expect(redirectEntry('[databases]\nx = host=a', 'app', target)).toBeNull();
  });
});
