import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { anyMajor, postgres, startSluice, temporaryFolder, waitFor } from '../kit/index.ts';
import { startReceiver, type Receiver } from '../sink/receiver.ts';
import { runHere } from './fake-io.ts';

const server = postgres(anyMajor);

interface Scene {
  readonly receiver: Receiver;
  readonly config: string;
  readonly insert: (id: number) => Promise<void>;
}

async function prepare(tables = 'CREATE TABLE orders (id int PRIMARY KEY);'): Promise<Scene> {
  const database = await server.database(tables);
  const receiver = await startReceiver();
  const config = join(temporaryFolder(), 'sluice.toml');
  writeFileSync(
    config,
    `[databases]
     shop = "${database.url}"
     [sinks.hooks.http]
     url = "${receiver.url}"
     secrets = ["secret"]
     [replicate.shop_hooks]
     source = "shop"
     target = "hooks"`,
  );
  onTestFinished(async () => {
    await runHere(['replicate', 'drop', '--config', config]);
  });
  const insert = async (id: number): Promise<void> => {
    await database.query('INSERT INTO orders VALUES ($1)', [id]);
  };
  return { receiver, config, insert };
}

test('a pipeline into a sink is checked, run, shown and dropped as any other', async () => {
  const { receiver, config, insert } = await prepare();
  const checked = await runHere(['check', '--config', config]);
  expect(checked).toMatchObject({ exitCode: 0 });
  expect(checked.stdout).toContain('shop_hooks: nothing found');

  const first = await runHere(['replicate', 'run', '--once', '--config', config]);
  expect(first).toMatchObject({ exitCode: 0 });
  await insert(1);
  const second = await runHere(['replicate', 'run', '--once', '--json', '--config', config]);
  const summary = second.stdout.trim().split('\n').at(-1);
  expect(JSON.parse(summary!)).toMatchObject({
    type: 'summary',
    name: 'shop_hooks',
    phase: 'done',
    changesApplied: 1,
  });
  expect(receiver.kept).toHaveLength(1);

  const shown = await runHere(['replicate', 'status', '--config', config]);
  expect(shown.stdout).toMatch(/shop_hooks +not running\n +position +0\//);
  const dropped = await runHere(['replicate', 'drop', '--config', config]);
  expect(dropped.stdout).toMatch(/removed slot \S+, publication \S+, ledger of shop_hooks/);
});

test('sluice run feeds it, and shows on its page what keeps the sink', async () => {
  const { receiver, config, insert } = await prepare();
  const daemon = startSluice(['run', '--config', config, '--status-listen', '127.0.0.1:0']);
  const [, url] = await daemon.says(/"url":"([^"]+)"/);
  await daemon.says(/the part is ready/);
  await insert(1);
  await waitFor('the change', () => receiver.kept.length === 1);
  await receiver.stop();
  await insert(2);
  const health = async () => (await fetch(`${url}/healthz`)).text();
  await waitFor('the trouble to show', async () => (await health()).includes('SINK_LOST'));
  await receiver.start();
  await waitFor('the second change', () => receiver.kept.length === 2);
  await waitFor('the trouble to end', async () => !(await health()).includes('SINK_LOST'));
  expect(await daemon.stop()).toMatchObject({ exitCode: 0 });
});

test('is not started when its source is not fit for it', async () => {
  const { config } = await prepare('CREATE TABLE orders (id int);');
  const checked = await runHere(['check', '--config', config]);
  expect(checked).toMatchObject({ exitCode: 1 });
  expect(checked.stdout).toContain('CHECK_NO_IDENTITY');
  const refused = await runHere(['replicate', 'run', '--once', '--config', config]);
  expect(refused.exitCode).not.toBe(0);
  expect(refused.stderr).toContain('CHECK_NO_IDENTITY');
});

test('has nothing to compare', async () => {
  const { config } = await prepare();
  const refused = await runHere(['replicate', 'compare', '--config', config]);
  expect(refused).toMatchObject({ exitCode: 2 });
  expect(refused.stderr).toContain('hooks is a sink');
});
