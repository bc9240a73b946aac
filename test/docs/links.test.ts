import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { pages, prose, readPage, root } from './pages.ts';

test.each(pages)('the links of %s lead somewhere', (path) => {
  const page = readPage(path);
  const targets = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
  const broken = targets.filter((target) => !/^https?:/.test(target) && !leads(path, target));
  expect(broken).toEqual([]);
});

test('the specification names tests that exist', () => {
  const page = readPage('docs/spec.md').replaceAll(/\s+/g, ' ');
  const items = [...page.matchAll(/- \[[^\]]+\]\(\.\.\/(test[^)]+)\): ((?:"[^"]+",? ?)+)/g)];
  expect(items.length).toBeGreaterThan(20);
  const missing = items.flatMap(([, file, titles]) => {
    const code = readFileSync(join(root, file ?? ''), 'utf8');
    return [...(titles ?? '').matchAll(/"([^"]+)"/g)]
      .map(([, title]) => title ?? '')
      .filter((title) => !code.includes(`'${title}'`) && !code.includes(`"${title}"`))
      .map((title) => `${file}: ${title}`);
  });
  expect(missing).toEqual([]);
});

function leads(from: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const to = path === '' ? from : normalize(join(dirname(from), path));
  if (!existsSync(join(root, to))) return false;
  return anchor === undefined || anchors(readPage(to)).includes(anchor);
}

/** As GitHub makes them from headings. */
function anchors(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
