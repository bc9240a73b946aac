import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { installScript } from '../../src/queue/index.ts';
import { anyMajor, postgres, temporaryFolder, type TestDatabase } from '../kit/index.ts';
import { runHere } from './fake-io.ts';

const server = postgres(anyMajor);

async function moduleOf(text: string): Promise<string> {
  const file = join(temporaryFolder(), 'module.ts');
  const imports = `import { consumer } from '${resolve('src/queue/index.ts')}';\n`;
  await writeFile(file, `${imports}${text}`);
  return file;
}

async function run(db: TestDatabase, file: string, ...args: readonly string[]) {
  return runHere(['queue', 'run', file, '--db', db.url, '--once', ...args]);
}

test.each([
  ['export default 7', 'QUEUE_MODULE: no consumers in ', 'let it export one as its default'],
  [`import 'no-such-package'`, 'QUEUE_MODULE_LOAD: ', 'npm install'],
  [
    `export default consumer({ queue: 'q', name: 'c', concurrency: 0, onEvent() {} })`,
    'QUEUE_CONSUMER_OPTIONS: consumer c: ',
    'correct what is given to consumer()',
  ],
  [
    `export default consumer({ queue: 'q', name: 'c', kind: 'remote', onEvent() {} })`,
    'COMMAND_USAGE: ',
    '--target is missing: consumer c is remote',
  ],
])('sluice queue run says what is wrong with %s', async (text, said, remedy) => {
  const { stderr } = await run(await server.database(), await moduleOf(text));
  expect(stderr).toContain(said);
  expect(stderr).toContain(remedy);
});

test('sluice queue run says that a file is not there', async () => {
  const { stderr } = await run(await server.database(), './nosuch.ts');
  expect(stderr).toContain(
    `QUEUE_MODULE_MISSING: there is no file ./nosuch.ts in ${process.cwd()}`,
  );
});

test('a target without schema pgq_ext is told how to get it', async () => {
  const db = await server.database(`${installScript()}; select pgq.create_queue('q')`);
  const target = await server.database();
  const file = await moduleOf(
    `export default consumer({ queue: 'q', name: 'c', kind: 'remote', onEvent() {} })`,
  );
  const { stderr } = await run(db, file, '--target', target.url);
  expect(stderr).toContain('sluice queue install --tracking --db URL');
});

test('--once says what it has left, to a member of pgq_reader too', async () => {
  const db = await server.database(
    `${installScript()}; select pgq.create_queue('q'), pgq.register_consumer('q', 'c');
     select pgq.insert_event('q', 't', 'bad')`,
  );
  await db.query('create role once_reader login; grant pgq_reader to once_reader');
  const url = new URL(db.url);
  url.username = 'once_reader';
  const file = await moduleOf(
    `export default consumer({ queue: 'q', name: 'c', onEvent() { throw new Error('bad') } })`,
  );
  const once = () => runHere(['queue', 'run', file, '--db', url.href, '--once']);
  const first = await once();
  expect(first).toMatchObject({
    exitCode: 0,
    stderr: expect.stringMatching(/"events":1,"msg":"events come again later"/),
  });
  expect(first.stderr).not.toContain('is paused');
  await db.query(`select pgq.set_queue_config('q', 'ticker_paused', '1')`);
  expect((await once()).stderr).toContain('the queue is paused');
});
