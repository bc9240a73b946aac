import { expect, test } from 'vitest';
import { postgres } from '../kit/index.ts';
import { runHere } from './fake-io.ts';

const server = postgres();

test('a login that is refused names the side and its connection string, without the password', async () => {
  const db = await server.database('');
  const wrong = new URL(db.url);
  wrong.username = 'nobody_of_that_name';
  wrong.password = 's3cret';
  const source = await runHere(['check', '--source', wrong.href, '--target', db.url]);
  expect(source.exitCode).toBe(1);
  expect(source.stderr).toMatch(
    /^sluice: SERVER_ERROR: the source postgres:\/\/nobody_of_that_name:\*\*\*@.* answered 28\w{3}: /,
  );
  const target = await runHere(['check', '--source', db.url, '--target', wrong.href]);
  expect(target.stderr).toMatch(/^sluice: SERVER_ERROR: the target postgres:/);
  expect(source.stderr + target.stderr).not.toContain('s3cret');
});
