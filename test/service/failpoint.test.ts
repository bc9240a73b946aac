import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { armFailpoint, failpoint } from '../../src/service/index.ts';

test('is free when off', () => {
  expect(failpoint('nowhere')).toBeUndefined();
});

test('throws once, on the pass it was armed for', async () => {
  const armed = armFailpoint('copy.range', 'throw', 2);
  expect(failpoint('copy.range')).toBeUndefined();
  expect(failpoint('copy.other')).toBeUndefined();
  await expect(failpoint('copy.range')).rejects.toMatchObject({ code: 'SERVICE_FAILPOINT' });
  await armed.reached;
  expect(failpoint('copy.range')).toBeUndefined();
  armed.release();
});

test('holds until released', async () => {
  const armed = armFailpoint('apply.commit', 'hold');
  let isPast = false;
  const passing = Promise.resolve(failpoint('apply.commit')).then(() => (isPast = true));
  await armed.reached;
  await new Promise((resolve) => setImmediate(resolve));
  expect(isPast).toBe(false);
  armed.release();
  armed.release();
  await passing;
});

describe('armed by the environment', () => {
  const door = new URL('../../src/service/index.ts', import.meta.url).href;
  const program = `
    const { failpoint } = await import(${JSON.stringify(door)});
    for (let pass = 1; pass <= 3; pass += 1) {
      await failpoint('loop');
      console.log('pass ' + pass);
    }`;

  async function run(failpoints: string) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, SLUICE_FAILPOINTS: failpoints },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await once(child, 'close');
    return { output, code: child.exitCode, signal: child.signalCode };
  }

  test('kills the process at the named pass', async () => {
    const { output, signal } = await run('other=throw, loop=kill@2');
    expect(signal).toBe('SIGKILL');
    expect(output).toContain('pass 1');
    expect(output).not.toContain('pass 2');
  });

  test('a misspelt setting is refused, not ignored', async () => {
    const { output, code } = await run('loop=explode');
    expect(code).not.toBe(0);
    expect(output).toContain('SERVICE_FAILPOINT_SPEC');
  });
});
