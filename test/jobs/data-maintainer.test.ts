import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { crashSluice, postgres, runSluice, temporaryFolder } from '../kit/index.ts';
import { runJob } from './run-job.ts';

const server = postgres();

const accounts = `
CREATE TABLE account (id int PRIMARY KEY, name text, closed boolean NOT NULL DEFAULT true, touched int NOT NULL DEFAULT 0);
INSERT INTO account SELECT i, 'it''s ' || i FROM generate_series(1, 250) AS i;
UPDATE account SET closed = false WHERE id > 240;
CREATE TABLE said (what text);
`;

const change =
  'update account set touched = touched + 1, closed = false where id = %(id)s and closed';

function settings(url: string) {
  return {
    kind: 'data_maintainer',
    source: url,
    get_pk_list: 'select id, name from account where closed order by id',
    modify: change,
  };
}

test('each row of the list is changed, and counted', async () => {
  const database = await server.database(accounts);
  const { status } = await runJob({ ...settings(database.url), autocommit: false, commit_step: 7 });
  expect(
    await database.rows('SELECT touched, count(*)::int FROM account GROUP BY 1 ORDER BY 1'),
  ).toEqual([
    { touched: 0, count: 10 },
    { touched: 1, count: 240 },
  ]);
  expect(status.totals).toMatchObject({ count: 240, processed: 240 });
});

test('the queries around it get the values of the first and of the last row', async () => {
  const database = await server.database(accounts);
  await runJob({
    ...settings(database.url),
    before_run: "select 'b%%' as before, 5 as most",
    get_pk_list: 'select id, name from account where closed and id <= %(most)s order by id',
    modify: "select 'even=' || (1 - id %% 2) as stats from account where id = %(id)s",
    after_run: 'insert into said values (%(before)s || %(name)s || %(job_name)s)',
  }).then(({ status }) => expect(status.totals).toMatchObject({ count: 5, even: 2 }));
  expect(await database.rows('SELECT * FROM said')).toEqual([{ what: "b%it's 5job" }]);
});

test('a list with a limit is repeated until it is empty', async () => {
  const database = await server.database(accounts);
  await runJob({
    ...settings(database.url),
    get_pk_list: 'select id from account where closed order by id limit 100',
    get_pk_list_repeat: true,
  });
  expect(await database.value('SELECT count(*)::int FROM account WHERE closed')).toBe(0);
});

test('it waits while the throttle says so', async () => {
  const database = await server.database(`${accounts}; CREATE SEQUENCE asked`);
  await runJob({
    ...settings(database.url),
    get_pk_list: 'select 1 as id',
    throttle: "select nextval('asked') < 4",
    throttle_sleep: '1ms',
  });
  expect(await database.value('SELECT last_value::int FROM asked')).toBe(4);
  expect(await database.value('SELECT touched FROM account WHERE id = 1')).toBe(1);
});

test('a row that fails is told, and ends the job', async () => {
  const database = await server.database(accounts);
  const running = runJob({
    ...settings(database.url),
    modify: 'select 1 / (3 - %(id)s)',
    on_crash: 'insert into said values (%(id)s)',
  });
  await expect(running).rejects.toThrow('division by zero');
  expect(await database.rows('SELECT * FROM said')).toEqual([{ what: '3' }]);
});

describe('killed', { timeout: 180_000 }, () => {
  test.each(['data-maintainer.before-commit', 'data-maintainer.after-commit'])(
    'at %s and started again it has changed each row once',
    async (failpoint) => {
      const database = await server.database(accounts);
      const file = join(temporaryFolder(), 'dm.ini');
      await writeFile(
        file,
        `[data_maintainer]
dbread = ${database.url}
dbwrite = ${database.url}
sql_get_pk_list =
    select id
    from account
    where closed;
sql_modify =
    ${change.replaceAll('%', '%%')};
autocommit = 0
commit_step = 50
`,
      );
      const args = ['jobs', 'run', file];
      await crashSluice(args, failpoint, { failpoints: { [failpoint]: 'kill@3' } });
      const left = await database.value<number>('SELECT count(*)::int FROM account WHERE closed');
      expect(left).toBeGreaterThan(0);
      expect((await runSluice(args)).exitCode).toBe(0);
      expect(await database.value('SELECT count(*)::int FROM account WHERE touched = 1')).toBe(240);
    },
  );
});
