import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { generatedPages } from '../../bin/docs.ts';

test.each(Object.entries(generatedPages))('%s is what the code makes it', async (path, make) => {
  const page = await readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
  expect(page, 'run npm run docs').toBe(make());
});
