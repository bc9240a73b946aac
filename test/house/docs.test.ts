import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { pages } from '../../bin/docs/pages.ts';

const made = await pages();

test.each(made)('$path is what `npm run docs` makes of the sources', async ({ path, text }) => {
  const file = new URL(`../../${path}`, import.meta.url);
  expect(await readFile(file, 'utf8')).toBe(text);
});
