import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { registry } from '../../src/errors/index.ts';
import { runHere } from '../cli/fake-io.ts';
import { codeBlocks, pages, prose, readPage } from './pages.ts';

const written = pages.filter((path) => !path.startsWith('docs/reference/'));
const blocks = written.map((path) => ({ path, blocks: codeBlocks(readPage(path)) }));
const rooms = 'APPLY|COMMAND|COMPARE|CONFIG|COPY|LEDGER|POOL|QUEUE|REPLICATE|STREAM';

test.each(having(blocks.map(({ path, blocks }) => [path, blocks.flatMap(sluiceCommands)])))(
  '%s shows commands that exist, with flags that exist',
  async (_path, commands) => {
    for (const words of new Set(commands))
      expect(await problemOf(words.split(/\s+/)), words).toBe('');
  },
);

test.each(having(written.map((path) => [path, matches(path, /npm run (?:--silent )?([\w:]+)/g)])))(
  '%s runs scripts that exist',
  (_path, scripts) => {
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(scripts));
  },
);

test.each(
  having(
    blocks.map(({ path, blocks }) => [
      path,
      blocks.filter(({ language }) => language === 'toml').map(({ text }) => text),
    ]),
  ),
)('%s shows TOML that can be read', (_path, texts) => {
  for (const text of texts) expect(() => parse(text)).not.toThrow();
});

test.each(
  having(
    written.map((path) => [path, matches(path, new RegExp(`\\b((?:${rooms})_[A-Z_]+)\\b`, 'g'))]),
  ),
)('%s names error codes that exist', (_path, codes) => {
  expect(Object.keys(registry)).toEqual(expect.arrayContaining(codes));
});

const findings = readPage('docs/reference/findings.md');
test.each(having(written.map((path) => [path, matches(path, /\b(CHECK_[A-Z_]+)\b/g)])))(
  '%s names findings that exist',
  (_path, codes) => {
    for (const code of codes) expect(findings).toMatch(new RegExp(`\\b${code}\\b`));
  },
);

test('every page says at its top who needs it', () => {
  const manual = written.filter((path) => /^docs\/[\w-]+\.md$/.test(path));
  expect(manual.length).toBeGreaterThan(5);
  for (const path of manual) {
    const [, first = ''] = prose(readPage(path).replace(/^<!--.*-->\n/, ''))
      .trim()
      .split('\n\n');
    expect(first, path).toMatch(/^For /);
  }
});

function having(found: [path: string, of: string[]][]): [path: string, of: string[]][] {
  return found.filter(([, of]) => of.length > 0);
}

function matches(path: string, pattern: RegExp): string[] {
  return [...readPage(path).matchAll(pattern)].map(([, match]) => match ?? '');
}

/** The `sluice ...` lines of a block that a person types, without what the shell does with them. */
function sluiceCommands({ language, text }: { language: string; text: string }): string[] {
  if (language !== 'sh' && language !== 'console') return [];
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => (language === 'console' ? (line.match(/^\$ (.*)/)?.[1] ?? '') : line))
    .map((line) =>
      line
        .replace(/ +#.*$/, '')
        .replace(/[;|&>].*$/, '')
        .trim(),
    )
    .map((line) => line.replace(/^npm run (?:--silent )?sluice -- /, 'sluice '))
    .filter((line) => line.startsWith('sluice '))
    .map((line) => line.replace(/^sluice /, ''));
}

/** Nothing is run: with a config file or an ini that is not there, a command that is understood ends at that. */
async function problemOf(words: readonly string[]): Promise<string> {
  const place = words.includes('--source') || words.includes('--config');
  const isUnderstood = words[0] === 'demo' || words.includes('--help') || words[0] === '--version';
  const hasOwnFile = words.includes('pgqadm');
  const config = hasOwnFile ? [] : ['--config', '/nowhere/sluice.toml'];
  const more = isUnderstood ? ['--help'] : config;
  const given = place ? dropPlace(words) : words;
  const { stderr } = await runHere([...given.map(putNowhere), ...more]);
  return understood.test(stderr) ? '' : stderr;
}

/** How far a command comes that has its database, its configuration or its module nowhere. */
const understood =
  /CONFIG_NOT_FOUND|CONFIG_DATABASE: databases\.\S+: --db names it|QUEUE_MODULE|(?:POOL_CONFIG|JOBS_INI): \/nowhere\//;

/** What a page calls pgbouncer.ini may be here, and would be run. */
function putNowhere(word: string): string {
  return word.endsWith('.ini') ? '/nowhere/pgbouncer.ini' : word;
}

function dropPlace(words: readonly string[]): string[] {
  const taken = new Set(['--source', '--target', '--name', '--config', '--tables']);
  return words.filter((word, i) => !taken.has(word) && !taken.has(words[i - 1] ?? ''));
}
