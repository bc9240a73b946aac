import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PoolLog, type LogSettings } from '../../src/cli/pooler/pool-log.ts';
import { temporaryFolder } from '../kit/index.ts';

function open(first: LogSettings, isQuiet = false) {
  const said: string[] = [];
  let settings = first;
  const io = {
    stdout: { write: () => undefined },
    stderr: { write: (line: string) => said.push(line) },
    env: {},
    exitCode: 0,
  };
  const log = new PoolLog(io, () => settings, { isQuiet, extraVerbose: 0 });
  return { log, said, configure: (next: LogSettings) => (settings = next) };
}

test('lines go to the file and to stderr, with -q to the file alone', async () => {
  const logfile = join(temporaryFolder(), 'log');
  const loud = open({ logfile, verbose: 0 });
  loud.log.info('one');
  const quiet = open({ logfile, verbose: 0 }, true);
  quiet.log.info('two');
  expect(loud.said.join('')).toContain('"msg":"one"');
  expect(quiet.said).toEqual([]);
  expect(await readFile(logfile, 'utf8')).toMatch(/"one".*\n.*"two"/);
});

test('other settings open the file again, and change what is logged', async () => {
  const logfile = join(temporaryFolder(), 'log');
  const { log, configure } = open({ logfile, verbose: 0 });
  log.info('before');
  log.debug('too much');
  await rename(logfile, `${logfile}.1`);
  configure({ logfile, verbose: 1 });
  log.child({ part: 'x' }).debug('after');
  expect(await readFile(`${logfile}.1`, 'utf8')).toMatch(/^.*"before".*\n$/);
  expect(await readFile(logfile, 'utf8')).toMatch(/^.*"part":"x".*"after".*\n$/);
});

test.each(['/dev/full', '/proc/none/log', '/dev/null/log'])(
  'a file that cannot be written (%s) does not end the pooler: lines go to stderr, also with -q',
  (logfile) => {
    const { log, said } = open({ logfile, verbose: 0 }, true);
    log.info('one');
    log.info('two');
    expect(said).toHaveLength(3);
    expect(said[0]).toContain('logfile cannot be written');
    expect(said.slice(1).join('')).toMatch(/"one".*\n.*"two"/);
  },
);

test('goes on in the file as soon as it can', async () => {
  const folder = temporaryFolder();
  const inTheWay = join(folder, 'sub');
  await writeFile(inTheWay, '');
  const { log, said } = open({ logfile: join(inTheWay, 'log'), verbose: 0 }, true);
  log.info('one');
  expect(said).toHaveLength(2);
  await rename(inTheWay, join(folder, 'moved'));
  await mkdir(inTheWay);
  log.info('two');
  expect(said).toHaveLength(2);
  expect((await stat(join(inTheWay, 'log'))).size).toBeGreaterThan(0);
});
