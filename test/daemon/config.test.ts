import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import { configSchema, loadConfig, parseConfig } from '../../src/daemon/index.ts';

function problemsOf(text: string): string[] {
  try {
    parseConfig(text, 'sluice.toml');
  } catch (error) {
    if (!isSluiceError(error, 'CONFIG_INVALID')) throw error;
    return String(error.details['problems']).split('\n  ');
  }
  return [];
}

const databases = `
[databases]
shop = "postgres://app:s3cret@10.0.0.5/shop"
shop2 = { url_env = "SHOP2_URL" }
shop3 = { url_file = "shop3.url" }
`;

describe('a config file that is right', () => {
  test('gives every setting its value or default', () => {
    const config = parseConfig(
      `${databases}
[service]
log_level = "debug"
status_listen = ":0"

[replicate.shop_to_shop2]
source = "shop"
target = "shop2"
tables = ["public.*", "!public.audit_*"]
spill_max = "1GB"
`,
      'sluice.toml',
    );
    expect(config.service).toEqual({ log_level: 'debug', status_listen: ':0' });
    expect(config.replicate['shop_to_shop2']).toMatchObject({
      source: 'shop',
      tables: ['public.*', '!public.audit_*'],
      spill_max: 1024 ** 3,
      copy_jobs: 4,
    });
  });

  test('may be empty', () => {
    expect(parseConfig('', 'sluice.toml')).toMatchObject({ databases: {}, replicate: {} });
  });

  test('takes a connection string from the file, the environment or another file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-config-'));
    try {
      const file = join(folder, 'sluice.toml');
      await writeFile(file, databases);
      await writeFile(join(folder, 'shop3.url'), 'postgres://c/shop3\n');
      process.env['SHOP2_URL'] = 'postgres://b/shop2';
      const config = await loadConfig(file);
      const urls = await Promise.all(
        ['shop', 'shop2', 'shop3'].map(async (name) => (await config.connectionOf(name)).reveal()),
      );
      expect(urls).toEqual([
        'postgres://app:s3cret@10.0.0.5/shop',
        'postgres://b/shop2',
        'postgres://c/shop3',
      ]);
      delete process.env['SHOP2_URL'];
      await expect(config.connectionOf('shop2')).rejects.toMatchObject({
        code: 'CONFIG_DATABASE',
        message: expect.stringContaining('SHOP2_URL is not set') as unknown,
      });
      await rm(join(folder, 'shop3.url'));
      await expect(config.connectionOf('shop3')).rejects.toMatchObject({ code: 'CONFIG_DATABASE' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a config file that is wrong', () => {
  test('has all its problems reported together, each with its line', () => {
    const problems = problemsOf(`[databases]
shop = "postgres://h/shop"

[service]
log_level = "loud"

[replicate.a]
source = "shpo"
target = "shop"
copy_job = 4
copy_jobs = 0

[replicate."b c"]
source = "shop"
target = "shop"
tables = [
  "public.*",
  7,
]
spill = "durable"

[other]
listen = 1
`);
    expect(problems).toEqual([
      'service.log_level: expected one of "debug", "info", "warn", "error", "silent", got "loud" (sluice.toml:5)',
      'replicate.a.source: no database shpo in [databases]; did you mean shop? (sluice.toml:8)',
      'replicate.a.copy_job: unknown key; did you mean copy_jobs? (sluice.toml:10)',
      'replicate.a.copy_jobs: expected integer 1..64, got 0 (sluice.toml:11)',
      'replicate.b c.spill_dir: is required when spill = "durable": a temporary folder can be emptied (sluice.toml:13)',
      'replicate.b c.target: is the source itself (sluice.toml:15)',
      'replicate.b c.tables.1: expected non-empty string, got 7 (sluice.toml:16)',
      `other: unknown key; there are ${Object.keys(configSchema.shape).join(', ')} (sluice.toml:22)`,
    ]);
  });

  test('has the problems of its pool among them', () => {
    const problems = problemsOf(`[databases]
shop = "postgres://h/shop"

[pool]
listen = ["nine"]
query_timeout = "soon"
max_client_con = 5
log_stats = 1

[pool.databases.shop]
database = "shpo"
pool_mode = "never"

[pool.peers.0]
host = "x"
`);
    expect(problems).toEqual([
      'pool.listen: expected host:port, :port or the folder of a Unix socket, got "nine" (sluice.toml:5)',
      'pool.query_timeout: expected a duration such as "30s" or "5min", got "soon" (sluice.toml:6)',
      'pool.max_client_con: unknown key; did you mean max_client_conn? (sluice.toml:7)',
      'pool.log_stats: expected boolean, got 1 (sluice.toml:8)',
      'pool.databases.shop.database: no database shpo in [databases]; did you mean shop? (sluice.toml:11)',
      'pool.databases.shop.pool_mode: expected one of "session", "transaction", "statement", "auto", got "never" (sluice.toml:12)',
      'pool.peers.0: expected the peer_id of another process, 1..16383 (sluice.toml:14)',
    ]);
  });

  test('names what a section lacks', () => {
    expect(problemsOf('[replicate.a]\ntarget = "x"\n[databases]\nx = "postgres://h/x"')).toEqual([
      'replicate.a.source: is required: non-empty string (sluice.toml:1)',
    ]);
  });

  test('shows no connection string in its problems', () => {
    const text = `[databases]
shop = { url = "postgres://a:s3cret@h/d", url_env = 3 }
shop2 = 12345678
[replicate.a]
source = "postgres://a:s3cret@h/d"
target = "shop"
`;
    const problems = problemsOf(text);
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toMatch(/s3cret|12345678/);
  });

  test('that is no TOML says where, without quoting the line', () => {
    const problems = problemsOf('[databases]\nshop = "postgres://a:s3cret@h/d\n');
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/sluice\.toml:2:\d+/);
    expect(problems[0]).not.toContain('s3cret');
  });

  test('and one that is not there says what to do', async () => {
    await expect(loadConfig('/nowhere/sluice.toml')).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
    });
  });
});
