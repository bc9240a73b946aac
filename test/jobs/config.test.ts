import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig } from '../../src/daemon/index.ts';
import { jobTemplate, kindNames, loadJobIni } from '../../src/jobs/index.ts';
import { runHere } from '../cli/fake-io.ts';
import { postgres, temporaryFolder } from '../kit/index.ts';
import { eventsOf, insertEvents, queueDatabase } from './databases.ts';

const server = postgres();

test('jobs of sluice.toml are run by name', async () => {
  const source = await queueDatabase(server);
  const target = await queueDatabase(server);
  await source.query("SELECT pgq.register_consumer('q', 'mover')");
  await insertEvents(source, [{ data: 'a' }, { data: 'b' }]);
  const config = join(temporaryFolder(), 'sluice.toml');
  await writeFile(
    config,
    `[databases]
shop = "${source.url}"
archive = "${target.url}"
[jobs.mover]
kind = "queue_mover"
source = "shop"
target = "archive"
queue = "q"
`,
  );
  const ran = await runHere(['jobs', 'run', 'mover', '--once', '--config', config]);
  expect(ran).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('"count":2') });
  expect(await eventsOf(target)).toEqual(await eventsOf(source));
  const unknown = await runHere(['jobs', 'run', 'muver', '--config', config]);
  expect(unknown).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('JOBS_UNKNOWN: there is no job muver in'),
  });
  expect(unknown.stderr).toContain('did you mean mover?');
});

test('what is wrong with a job is told with its line', () => {
  const text = `[databases]
shop = "dbname=shop"
[jobs.mover]
kind = "queue_mover"
source = "shop"
target = "shap"
target_queu = "q"
[jobs.other]
kind = "queue_muver"
`;
  expect(() => parseConfig(text, 'sluice.toml')).toThrow(
    /jobs\.mover\.queue: is required: non-empty string \(sluice\.toml:3\)[^]*jobs\.mover\.target: no database shap in \[databases\]; did you mean shop\? \(sluice\.toml:6\)[^]*jobs\.mover\.target_queu: unknown key; did you mean target_queue\? \(sluice\.toml:7\)[^]*jobs\.other\.kind: expected a kind of job: \w+, .* \(sluice\.toml:9\)/,
  );
});

test.each(kindNames)('the template of %s is a section that can be used', (kind) => {
  const text = jobTemplate(kind);
  const named = [...text.matchAll(/^# (?<line>\w+ = .*)$/gm)].map(({ groups }) => groups?.['line']);
  expect(named.length).toBeGreaterThan(4);
  const databases = '[databases]\nshop = "dbname=a"\narchive = "dbname=b"\n';
  const config = parseConfig(`${databases}${text}`, 'sluice.toml');
  expect(config.jobs[`${kind}_1`]).toMatchObject({ kind });
  const everything = text.replaceAll(/^# (\w+ = .*)$/gm, '$1');
  expect(parseConfig(`${databases}${everything}`, 'sluice.toml').jobs[`${kind}_1`]).toMatchObject({
    kind,
  });
});

const page = await readFile(new URL('../../docs/jobs.md', import.meta.url), 'utf8');
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(
    ([, text]) => text ?? '',
  );

test.each(blocks('toml'))('a section of the manual can be used: %#', (text) => {
  const databases = text.includes('[databases]')
    ? ''
    : '[databases]\nshop = "dbname=a"\narchive = "dbname=b"\n';
  expect(Object.keys(parseConfig(`${databases}${text}`, 'docs/jobs.md').jobs)).toHaveLength(1);
});

test('the ini file of the manual can be used', async () => {
  const file = join(temporaryFolder(), 'mover.ini');
  await writeFile(file, blocks('ini')[0] ?? '');
  expect(await loadJobIni(file)).toMatchObject({ name: 'mover', warnings: [] });
});
