import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../src/service/index.ts';
import { portOf, runSluice, startSluice, waitFor, within } from '../kit/index.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-process-'));
  await writeFile(
    join(folder, 'sluice.toml'),
    `[databases]
shop = "postgres://app:s3cret@127.0.0.1:1/shop"
shop2 = "postgres://app:s3cret@127.0.0.1:1/shop2"
[service]
status_listen = ":0"
[replicate.one]
source = "shop"
target = "shop2"
`,
  );
});

afterAll(() => rm(folder, { recursive: true }));

test('the command line runs from the sources', async () => {
  const { exitCode, stdout } = await runSluice(['--version']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test('an older Node is told kindly that it is too old', async () => {
  const older = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'24.18.9'})`;
  const { exitCode, stderr } = await runSluice(['--version'], { nodeArgs: ['--import', older] });
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    'sluice: COMMAND_NODE_VERSION: Node 24.18.9 is too old: sluice needs 24.19 or newer; ' +
      'install a newer Node (https://nodejs.org)\n',
  );
});

test.each(['24.19.0', '25.0.0', '100.1.0'])('Node %s is new enough', async (version) => {
  const other = `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`;
  const { exitCode } = await runSluice(['--version'], { nodeArgs: ['--import', other] });
  expect(exitCode).toBe(0);
});

describe('sluice run', () => {
  test('waits for servers that are down, says so on the status page, and stops cleanly', async () => {
    const sluice = startSluice(['run'], { cwd: folder });
    const [, url] = await sluice.says(/"url":"(http:[^"]+)"/);
    await sluice.says(/starts again/);
    const health = await fetch(`${url}/healthz`);
    expect(health.status).toBe(503);
    expect(await (await fetch(`${url}/status`)).json()).toMatchObject({
      parts: [{ name: 'replicate.one' }],
    });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('sluice_daemon_running_parts');
    const ended = await sluice.stop();
    expect(ended).toMatchObject({ exitCode: 0, signal: null, stdout: '' });
    expect(ended.stderr).not.toContain('s3cret');
  });

  test('neither ends nor opens a debugger at SIGUSR1 and SIGUSR2', async () => {
    const sluice = startSluice(['run'], { cwd: folder });
    const [, url] = await sluice.says(/"url":"(http:[^"]+)"/);
    sluice.signal('SIGUSR1');
    sluice.signal('SIGUSR2');
    await sluice.says(/starts again/);
    // It answers; whether its part waits or tries again just now does not matter here.
    expect([200, 503]).toContain((await fetch(`${url}/healthz`)).status);
    const ended = await sluice.stop();
    expect(ended).toMatchObject({ exitCode: 0, signal: null });
    expect(ended.stderr).not.toContain('Debugger');
  });

  test('writes its log to a file when asked', async () => {
    const file = join(folder, 'log', 'sluice.log');
    const sluice = startSluice(['run', '--log-file', file, '--log-level', 'debug'], {
      cwd: folder,
    });
    await waitFor('the log', () => readFile(file, 'utf8').catch(() => ''));
    const ended = await sluice.stop();
    expect(ended.exitCode).toBe(0);
  });
});

test('a command that is interrupted before it could answer says so', async () => {
  const silent = createServer();
  const accepted = once(silent.listen(0, '127.0.0.1'), 'connection');
  await once(silent, 'listening');
  try {
    const url = `postgres://app@127.0.0.1:${portOf(silent)}/shop`;
    const sluice = startSluice(['check', '--source', url, '--target', url]);
    const [socket] = z.tuple([z.instanceof(Socket)]).parse(await within('a connection', accepted));
    const ended = await sluice.stop();
    socket.destroy();
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toMatch(/^sluice: COMMAND_INTERRUPTED: stopped by SIGTERM /m);
  } finally {
    silent.close();
  }
});

describe('an interrupt', () => {
  const interrupt = new URL('../../src/cli/interrupt.ts', import.meta.url).href;
  // Says when it began and when it was asked to stop, and stops only when stdin ends.
  const program = `
    const { withInterrupt } = await import(${JSON.stringify(interrupt)});
    const ended = new Promise((resolve) => process.stdin.on('end', resolve).resume());
    const { interruptedBy } = await withInterrupt({ stderr: process.stderr }, async (signal) => {
      signal.addEventListener('abort', () => console.log('asked to stop'));
      console.log('began');
      await ended;
    });
    console.log('clean end after ' + interruptedBy);`;

  async function start() {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const exit = once(child, 'close');
    let output = '';
    child.stdout.on('data', (bytes) => (output += String(bytes)));
    await once(child.stdout, 'data');
    return { child, exit, output: () => output };
  }

  test('that comes twice at once, as under npm, is one', async () => {
    const { child, exit, output } = await start();
    // Two kinds, since two of one kind that wait are one already.
    child.kill('SIGSTOP');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    await once(child.stdout, 'data');
    child.stdin.end();
    await exit;
    expect(child.exitCode).toBe(0);
    // Which of two that wait comes first is the kernel's matter.
    expect(output()).toMatch(/clean end after SIG(INT|TERM)/);
  });

  test('that comes again ends the process at once', async () => {
    const { child, exit, output } = await start();
    child.kill('SIGTERM');
    await once(child.stdout, 'data');
    // What tells a second interrupt from a doubled one is time.
    await systemClock.sleep(400);
    child.kill('SIGTERM');
    await exit;
    expect(child.exitCode).toBe(143);
    expect(output()).not.toContain('clean end');
    child.stdin.destroy();
  });
});
