import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readSettings } from '../../src/cli/pipeline-flags.ts';
import { runHere } from './fake-io.ts';

let folder: string;
let file: string;
const nowhere = 'postgres://app:s3cret@127.0.0.1:1/shop';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  file = join(folder, 'sluice.toml');
  await writeFile(
    file,
    `[databases]
shop = "${nowhere}"
shop2 = "${nowhere}2"
[replicate.one]
source = "shop"
target = "shop2"
[replicate.two]
source = "shop2"
target = "shop"
`,
  );
});

afterAll(() => rm(folder, { recursive: true }));

test('the version is that of the package', async () => {
  const { exitCode, stdout } = await runHere(['--version']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
});

test('help goes to stdout and is no failure', async () => {
  const { exitCode, stdout, stderr } = await runHere(['replicate', 'run', '--help']);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toContain('--copy-jobs <n>');
});

test('a flag says what the setting of the same name says', () => {
  const flags = { sqlBacklog: 'false', copyJobs: '2', tables: ['a.b'] };
  const settings = readSettings(flags, undefined, 'replicate run');
  expect(settings).toMatchObject({ sql_backlog: false, copy_jobs: 2, tables: ['a.b'] });
  expect(readSettings({}, undefined, 'replicate run').sql_backlog).toBe(true);
});

describe('wrong usage exits 2 and says what is wrong', () => {
  test.each([
    [[], 'Usage: sluice'],
    [['replicate'], 'Usage: sluice replicate'],
    [['replicat'], 'Did you mean replicate?'],
    [['replicate', 'drp'], 'Did you mean drop?'],
    [['run', '--confg', 'x'], 'Did you mean --config?'],
    [['replicate', 'compare', '--jobs', '0'], '--jobs: expected integer of at least 1, got 0'],
    [['run', 'surplus'], 'too many arguments'],
    [['run', '--log-level', 'loud'], '--log-level'],
    [['check', '--source', nowhere], '--target is missing'],
    [['check', '--target', nowhere], '--source is missing'],
    [
      ['replicate', 'run', '--source', nowhere, '--target', `${nowhere}2`, '--copy-jobs', '0'],
      '--copy-jobs: expected integer 1..64, got 0',
    ],
    [
      ['replicate', 'run', '--source', nowhere, '--target', `${nowhere}2`, '--sql-backlog', 'no'],
      '--sql-backlog: expected boolean',
    ],
    [
      ['replicate', 'run', '--source', nowhere, '--target', `${nowhere}2`, '--spill-max', 'all'],
      '--spill-max: expected a size',
    ],
    [
      ['replicate', 'run', '--source', nowhere, '--target', `${nowhere}2`, '--tables', 'orders'],
      '--tables: expected schema.table',
    ],
    [
      ['replicate', 'compare', '--source', nowhere, '--target', `${nowhere}2`, '--only', 'orders'],
      'Pattern orders: expected schema.table',
    ],
    [
      ['replicate', 'run', '--source', nowhere, '--target', `${nowhere}2`, '--status-listen', '9'],
      'Wanted is host:port or :port',
    ],
    [['run', '--status-listen', 'here'], 'Wanted is host:port or :port'],
    [['pool', 'run', '--status-listen', ''], 'Wanted is host:port or :port'],
    [
      ['check', '--source', 'shop', '--target', nowhere],
      'databases.shop: --source names it, and there is no sluice.toml',
    ],
    [['replicate', 'status', '--name', ''], 'It is empty.'],
    [['replicate', 'compare', '--log-file', ''], 'It is empty.'],
  ])('%j', async (args, said) => {
    const { exitCode, stderr } = await runHere(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('s3cret');
  });

  test('a file that is not there', async () => {
    const { exitCode, stderr } = await runHere(['run', '--config', join(folder, 'none.toml')]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^sluice: CONFIG_NOT_FOUND: .*none\.toml: ENOENT; .*\n$/);
  });

  test('a file with problems', async () => {
    const wrong = join(folder, 'wrong.toml');
    await writeFile(wrong, '[replicate.a]\nsource = "x"\ncopy_job = 2\n');
    const { exitCode, stderr } = await runHere(['check', '--config', wrong]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('did you mean copy_jobs?');
    expect(stderr).toContain('replicate.a.target: is required');
    expect(stderr).toContain('wrong.toml:3');
  });

  test('a file that asks for nothing', async () => {
    const empty = join(folder, 'empty.toml');
    await writeFile(empty, '');
    const { exitCode, stderr } = await runHere(['run'], { SLUICE_CONFIG: empty });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('COMMAND_NOTHING_CONFIGURED');
  });

  test('a pipeline that is not in the file', async () => {
    const { exitCode, stderr } = await runHere(['replicate', 'drop', 'tow', '--config', file]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('COMMAND_NO_PIPELINE');
    expect(stderr).toContain('did you mean two?');
  });

  test('a file with several pipelines where one is wanted', async () => {
    const { exitCode, stderr } = await runHere(['replicate', 'run', '--config', file]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('which pipeline? one, two');
  });

  test('a log that cannot be written', async () => {
    const args = ['run', '--config', file, '--log-file', '/dev/null/log'];
    const { exitCode, stderr } = await runHere(args);
    expect(stderr).toContain('COMMAND_LOG_FILE: the log cannot be written to /dev/null/log: ');
    expect(exitCode).toBe(2);
  });

  test('an output that is there already', async () => {
    const ini = join(folder, 'pgbouncer.ini');
    await writeFile(ini, '[databases]\n[pgbouncer]\n');
    const { exitCode, stderr } = await runHere(['pool', 'convert', ini, '-o', ini]);
    expect(stderr).toContain(`COMMAND_OUTPUT: cannot write ${ini}: EEXIST`);
    expect(exitCode).toBe(2);
  });

  test('a name of [databases] that is not there', async () => {
    const place = ['--source', 'shpo', '--target', 'shop2'];
    const { exitCode, stderr } = await runHere(['check', '--config', file, ...place]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('CONFIG_DATABASE: databases.shpo');
  });
});

describe('a connection string that is wrong exits 2 and says where it stands', () => {
  const good = `${nowhere}2`;
  const wrong = 'host=127.0.0.1 s3cret';

  test.each([
    [['check', '--source', wrong, '--target', good], '--source, word 2: expected keyword=value'],
    [['replicate', 'run', '--source', good, '--target', wrong], '--target, word 2: expected'],
    [['replicate', 'status', '--target', 'hots=h'], '--target holds the unknown keyword "hots"'],
    [
      ['replicate', 'drop', '--source', 'host=h sslmode=no', '--target', good],
      '--source, keyword sslmode: expected disable',
    ],
    [
      ['replicate', 'compare', '--source', good, '--target', 'host=h requirepeer=root'],
      '--target asks for requirepeer',
    ],
  ])('%j', async (args, said) => {
    const { exitCode, stderr } = await runHere(args);
    expect(stderr).toContain(said);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('s3cret');
  });

  test.each([
    ['the string itself', `"${wrong}"`, 'databases.shop in FILE'],
    ['a variable', '{ url_env = "SHOP_URL" }', 'databases.shop in FILE (variable SHOP_URL)'],
    ['a file', '{ url_file = "shop.url" }', 'databases.shop in FILE (file shop.url)'],
  ])('in sluice.toml: %s', async (_, entry, place) => {
    const toml = join(folder, 'strings.toml');
    await writeFile(join(folder, 'shop.url'), wrong);
    await writeFile(
      toml,
      `[databases]\nshop = ${entry}\nshop2 = "${good}"\n[replicate.one]\nsource = "shop"\ntarget = "shop2"\n`,
    );
    vi.stubEnv('SHOP_URL', wrong);
    const { exitCode, stderr } = await runHere(['check', '--config', toml]);
    vi.unstubAllEnvs();
    expect(stderr).toContain(`${place.replace('FILE', toml)}, word 2: expected keyword=value`);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('s3cret');
  });
});

describe('a server that is not there', () => {
  const place = ['--source', nowhere, '--target', `${nowhere}2`];

  test('exits 1 with one line: code, what, remedy, and no password', async () => {
    const { exitCode, stderr, stdout } = await runHere(['check', ...place]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^sluice: SESSION_CONNECT: cannot connect to the source postgres:\/\/\w+:\*\*\*@127\.0\.0\.1:1\/\w+: .*; .*\n$/,
    );
    expect(stderr + stdout).not.toContain('s3cret');
  });

  test('shows its causes and call frames with --verbose', async () => {
    const { stderr } = await runHere(['check', '--verbose', ...place]);
    expect(stderr).toMatch(/\n +at /);
    expect(stderr).toContain('because ');
    expect(stderr).not.toContain('s3cret');
  });

  test('is told as JSON with --json', async () => {
    const { stderr } = await runHere(['replicate', 'drop', '--json', ...place]);
    expect(JSON.parse(stderr)).toMatchObject({
      error: { code: 'SESSION_CONNECT', decision: 'reconnect' },
    });
  });

  test('does not hide the others of a status or a check', async () => {
    const status = await runHere(['status', '--config', file, '--json']);
    expect(status.exitCode).toBe(1);
    expect(JSON.parse(status.stdout)).toMatchObject([
      { name: 'one', error: { code: 'SESSION_CONNECT' } },
      { name: 'two', error: { code: 'SESSION_CONNECT' } },
    ]);
    const check = await runHere(['check', '--config', file]);
    expect(check.exitCode).toBe(1);
    expect(check.stdout).toMatch(/one: could not be checked: .*\ntwo: could not be checked: /);
  });

  test('ends replicate run before it begins', async () => {
    const { exitCode, stderr } = await runHere(['replicate', 'run', ...place]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('SESSION_CONNECT');
  });
});
