import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { interpolate } from '../../src/jobs/ini/interpolate.ts';
import { readIni } from '../../src/jobs/ini/read-ini.ts';
import { loadJobIni } from '../../src/jobs/index.ts';
import { temporaryFolder } from '../kit/index.ts';

async function load(text: string, name = 'job.ini') {
  const file = join(temporaryFolder(), name);
  await writeFile(file, text);
  return loadJobIni(file);
}

test('a file of 2.x is understood', async () => {
  const loaded = await load(`
[simple_serial_consumer]
job_name       = echo
src_db = dbname=testdb
dst_db = dbname=other port=1234
pgq_queue_name = echo_queue
logfile        = ~/log/%(job_name)s.log
pidfile        = /run/%(job_name)s.pid
use_skylog     = 0
dst_query      =
        select *
        from pgq.insert_event('echo_queue', %%(pgq.ev_type)s, %%(pgq.ev_data)s)
`);
  expect(loaded.name).toBe('echo');
  expect(loaded.once).toBe(false);
  expect(loaded.config).toMatchObject({
    kind: 'simple_serial_consumer',
    source: 'dbname=testdb',
    target: 'dbname=other port=1234',
    queue: 'echo_queue',
    logfile: `${homedir()}/log/echo.log`,
    pidfile: '/run/echo.pid',
    query: "\nselect *\nfrom pgq.insert_event('echo_queue', %(pgq.ev_type)s, %(pgq.ev_data)s)",
  });
  expect(loaded.warnings).toEqual([expect.stringMatching(/:9: use_skylog has no effect: /)]);
});

test('a file of 3.x is understood, and is called like its job when it does not say', async () => {
  const loaded = await load(
    `[queue_splitter3]
src_db = dbname=a
dst_db = dbname=b
queue_name = q
consumer_name = c
queue_field = ev_extra2
table_filter = public.a, public.b
pgq_batch_collect_interval = 1 minute
connection_lifetime = 1.5
loop_delay = 0
`,
    'split.ini',
  );
  expect(loaded).toMatchObject({
    name: 'split',
    once: true,
    config: {
      kind: 'queue_splitter',
      consumer: 'c',
      queue_field: 'extra2',
      tables: ['public.a', 'public.b'],
      collect_interval: 60,
      connection_lifetime: 1.5,
      loop_delay: 0.5,
    },
  });
});

test('a query may have single percent signs where Python wants two', async () => {
  const loaded = await load(
    '[simple_consumer]\nsrc_db = x\ndst_db = y\npgq_queue_name = q\ndst_query = select f(%(id)s, %%(b)s)\n',
  );
  expect(loaded.config).toMatchObject({ query: 'select f(%(id)s, %(b)s)' });
});

test('the sections of a queue loader are tables, and templates are no interpolation', async () => {
  const loaded = await load(`[queue_loader]
src_db = x
dst_db = y
queue_name = q
table_mode = split
split_part = %(table_name)s_%(year)s
[public.a]
table_mode = direct
row_mode = bulk
`);
  expect(loaded.config).toMatchObject({
    kind: 'queue_loader',
    table_mode: 'split',
    split_part: '%(table_name)s_%(year)s',
    per_table: { 'public.a': { table_mode: 'direct', row_mode: 'bulk' } },
  });
  const bulk = await load(
    '[bulk_loader]\nsrc_db = x\ndst_db = y\nqueue_name = q\nremap_tables = a:b, c : d\nload_method = 2\n',
  );
  expect(bulk.config).toMatchObject({ remap_tables: { a: 'b', c: 'd' }, load_method: 2 });
  const cube = await load(
    '[cube_dispatcher]\nsrc_db = x\ndst_db = y\nqueue_name = q\ndateformat =\nmode = keep_all\n',
  );
  expect(cube.config).toMatchObject({ dateformat: '', mode: 'keep_all' });
});

test('all problems are told at once, with their lines', async () => {
  const loading = load(`[queue_mover]
src_db = dbname=a
pgq_queue_nam = q
loop_delay = soon
pgq_keep_lag = 5 min
pidfile = %(nowhere)s
nonsense
`);
  await expect(loading).rejects.toMatchObject({
    code: 'JOBS_INI',
    details: {
      problems: expect.stringMatching(
        /:7: syntax error[^]*:6: pidfile: %\(nowhere\)s: there is no nowhere[^]*:3: pgq_queue_nam: unknown key; did you mean pgq_queue_name\?[^]*:4: loop_delay: expected seconds, got soon[^]*:5: pgq_keep_lag: is not supported[^]*:1: queue_name: is required/,
      ),
    },
  });
});

test('a file without a known section says which there are', async () => {
  await expect(load('[mover]\na = 1\n')).rejects.toThrow(
    /no section names a kind of job: .*queue_mover/,
  );
});

const oracle = `
import sys, json
from configparser import ConfigParser
cf = ConfigParser()
cf.read_string(sys.stdin.read())
print(json.dumps({s: dict(cf.items(s)) for s in cf.sections()}))
`;

test.skipIf(!hasPython())("values are those that Python's ConfigParser reads", () => {
  const text = `
# comment
[DEFAULT]
root = /srv
Name: job
[one]
path = %(root)s/%(name)s.log
long = first
   second

   # left out
   third
empty =
percent = 100%%
colon: a = b
nested = %(path)s!
; comment
[two]
  indented = 1
    more
  next = 2
`;
  const { sections, problems } = readIni(text);
  expect(problems).toEqual([]);
  const read = Object.fromEntries(
    sections.map(({ name, values }) => {
      const texts = new Map([...values].map(([key, { value }]) => [key, value]));
      const how = { values: texts, isExtended: false, isTemplate: false };
      return [
        name,
        Object.fromEntries([...texts].map(([key, value]) => [key, interpolate(value, how)])),
      ];
    }),
  );
  expect(read).toEqual(
    JSON.parse(execFileSync('python3', ['-c', oracle], { input: text }).toString()),
  );
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version']);
    return true;
  } catch {
    return false;
  }
}
