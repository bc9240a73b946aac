import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import config from '../../.oxlintrc.json' with { type: 'json' };

const root = fileURLToPath(new URL('../..', import.meta.url));
const oxlint = join(
  dirname(createRequire(import.meta.url).resolve('oxlint/package.json')),
  'bin/oxlint',
);
let house = '';

// A house of our own under the project's rules, so that a file may break them.
beforeAll(async () => {
  house = await mkdtemp(join(tmpdir(), 'sluice-house-'));
  await cp(join(root, '.oxlintrc.json'), join(house, '.oxlintrc.json'));
});

afterAll(() => rm(house, { recursive: true, force: true }));

test('a room may import the door of a room on a lower floor', async () => {
  await write('src/wire/index.ts', 'export const frame = 1;\n');
  await write('src/session/good.ts', "export { frame } from '../wire/index.ts';\n");
  expect(await lint('src/session/good.ts')).toBe('');
});

test.each([
  ['wire', 'session', 'floor 0'],
  ['errors', 'wire', 'floor 0'],
  ['session', 'catalog', 'floor 1'],
  ['ledger', 'stream', 'floor 2'],
  ['stream', 'replicate', 'floor 3'],
  ['replicate', 'cli', 'floor 4'],
])('%s may not import %s, which does not stand lower', async (room, other, floor) => {
  await write(`src/${room}/up.ts`, `export { x } from '../${other}/index.ts';\n`);
  expect(await lint(`src/${room}/up.ts`)).toContain(`stands on ${floor}`);
});

test('a room beside is entered by its door only', async () => {
  await write('src/session/deep.ts', "export { x } from '../wire/frames.ts';\n");
  expect(await lint('src/session/deep.ts')).toContain('enter another room by its door');
});

test('a cycle is found, also one of types only', async () => {
  await write('src/wire/a.ts', "import type { B } from './b.ts';\nexport type A = B | 1;\n");
  await write('src/wire/b.ts', "import type { A } from './a.ts';\nexport type B = A | 2;\n");
  expect(await lint('src/wire')).toContain('import(no-cycle)');
});

test('every room of the sources stands on a floor that the rule knows', async () => {
  const known = config.overrides.flatMap(({ files }) => files);
  const rooms = (await readdir(join(root, 'src'), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => `src/${entry.name}/**`);
  expect(rooms.filter((room) => !known.includes(room))).toEqual([]);
});

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(house, path)), { recursive: true });
  await writeFile(join(house, path), text);
}

/** What oxlint finds, empty when nothing. */
async function lint(path: string): Promise<string> {
  try {
    await promisify(execFile)(process.execPath, [oxlint, '--deny-warnings', path], { cwd: house });
    return '';
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  }
}
