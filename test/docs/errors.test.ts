import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { registry, type ErrorSpec } from '../../src/errors/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('every registered error is raised somewhere', async () => {
  const files = await readdir(join(root, 'src'), { recursive: true });
  const sources = await Promise.all(
    files
      .filter((file) => file.endsWith('.ts') && !file.startsWith('errors/'))
      .map((file) => readFile(join(root, 'src', file), 'utf8')),
  );
  const code = sources.join('\n');
  const unused = Object.keys(registry).filter(
    (name) => name !== 'SERVER_ERROR' && !code.includes(name),
  );
  expect(unused).toEqual([]);
});

test.each(Object.entries<ErrorSpec>(registry))(
  '%s says what failed and what to do, each as one sentence without its end',
  (code, { message, remedy }) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/);
    for (const text of [message, remedy]) expect(text).toMatch(/\S/);
    expect(remedy).not.toMatch(/\.$/);
  },
);
