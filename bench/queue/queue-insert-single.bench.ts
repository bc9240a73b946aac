import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Measured } from '../kit/bench.ts';
import { needProgram, run } from '../kit/programs.ts';
import { prepareQueues, queuePeer } from './databases.ts';

const clients = 8;
const seconds = 5;

const bench: Bench = {
  name: 'queue-insert-single',
  about:
    `insert_event one by one, a transaction each, prepared: ${clients} pgbench clients for ${seconds} s, ` +
    'synchronous_commit off so that the disk does not decide. Our schema in PL/pgSQL against the original extension in C, ' +
    'on one PostgreSQL 15.',
  runs: 5,
  comparisons: [{ metric: 'tps', unit: 'tps', better: 'higher', peer: queuePeer, goal: 0.95 }],
  async setUp() {
    const databases = await prepareQueues();
    const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
    const script = join(folder, 'insert.sql');
    await writeFile(
      script,
      `SELECT pgq.insert_event('orders', 'placed', '{"order":1,"total":12.50}');\n`,
    );
    return {
      ours: { name: 'sluice', measure: () => measure(databases.ours, script) },
      peers: [{ name: queuePeer, measure: () => measure(databases.original, script) }],
      versions: databases.versions,
      [Symbol.asyncDispose]: async () => {
        await rm(folder, { recursive: true });
        await databases[Symbol.asyncDispose]();
      },
    };
  },
};
export default bench;

async function measure(url: string, script: string): Promise<Measured> {
  const pgbench = await needProgram('pgbench', 'postgresql');
  const args = ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds)];
  const hasty = { PGOPTIONS: '-c synchronous_commit=off' };
  const said = await run(pgbench, [...args, '-f', script, url], hasty);
  const [, tps] = /^tps = ([\d.]+)/m.exec(said) ?? [];
  return { tps: Number(tps) };
}
