import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import manifest from '../../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder = '';
let user = '';

// The whole way a user's copy takes: build, pack, install, in folders of our own.
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'sluice-package-')));
  const checkout = await copyCheckout();
  await runIn(checkout, process.execPath, ['bin/build.ts']);
  const packed = await runIn(checkout, 'npm', ['pack', '--json', '--ignore-scripts']);
  const [{ filename }] = z.tuple([z.object({ filename: z.string() })]).parse(JSON.parse(packed));
  user = join(folder, 'user');
  await mkdir(user);
  await writeFile(join(user, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'];
  await runIn(user, 'npm', ['install', ...quiet, join(checkout, filename)]);
}, 240_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the packed package brings a `sluice` that tells its version', async () => {
  const said = await runIn(user, join(user, 'node_modules', '.bin', 'sluice'), ['--version']);
  expect(said.trim()).toBe(manifest.version);
});

test('every door it exports can be imported, with something behind it', async () => {
  const doors = Object.keys(manifest.exports).filter((door) => door !== './package.json');
  const program = `
    const count = async (door) => [door, Object.keys(await import(door.replace('.', 'sluice'))).length];
    const counts = await Promise.all(${JSON.stringify(doors)}.map(count));
    console.log(JSON.stringify(Object.fromEntries(counts)));`;
  await writeFile(join(user, 'doors.js'), program);
  const counts = z
    .record(z.string(), z.number())
    .parse(JSON.parse(await runIn(user, process.execPath, ['doors.js'])));
  expect(Object.keys(counts)).toEqual(doors);
  for (const [door, count] of Object.entries(counts)) expect(count, door).toBeGreaterThan(0);
});

test('the SQL that the rooms run came along', async () => {
  const program = `
    import { glob } from 'node:fs/promises';
    const files = await Array.fromAsync(glob('node_modules/sluice/dist/**/*.sql'));
    console.log(files.length);`;
  await writeFile(join(user, 'sql.js'), program);
  const sources = `
    import { glob } from 'node:fs/promises';
    console.log((await Array.fromAsync(glob('src/**/*.sql'))).length);`;
  const expected = await runIn(root, process.execPath, ['--input-type=module', '-e', sources]);
  expect(await runIn(user, process.execPath, ['sql.js'])).toBe(expected);
});

/** What the build needs, without writing into the checkout. */
async function copyCheckout(): Promise<string> {
  const checkout = join(folder, 'checkout');
  const needed = ['bin', 'src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
  for (const name of [...needed, ...manifest.files.filter((file) => file !== 'dist')]) {
    await cp(join(root, name), join(checkout, name), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(checkout, 'node_modules'));
  return checkout;
}

async function runIn(cwd: string, program: string, args: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`,
  };
  const { stdout } = await promisify(execFile)(program, [...args], { cwd, env });
  return stdout;
}
