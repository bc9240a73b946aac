import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { majors, postgres, type TestDatabase } from '../../kit/index.ts';
import { cases, type Case, type Trigger } from './cases.ts';
import { runCase } from './run-case.ts';
import { databaseWithOriginal, hasOriginal, recordingDatabase } from './triggers.ts';

const threeTriggers: readonly Trigger[] = ['logutriga', 'jsontriga', 'sqltriga'];

const runs = cases.flatMap((each) =>
  (each.triggers ?? threeTriggers).map((trigger): [string, Trigger, Case] => [
    each.name,
    trigger,
    each,
  ]),
);

/** Written by the original: `vitest -u` on a machine that has it. */
const goldenFile = (name: string, trigger: Trigger): string =>
  `golden/${name.replaceAll(/\W+/g, '-')}.${trigger}.txt`;

describe.runIf(hasOriginal)('the original', () => {
  const server = postgres(15);
  let database: TestDatabase;

  beforeAll(async () => {
    database = await databaseWithOriginal(server);
  });
  afterAll(() => database.close());

  test.each(runs)('%s: %s does what is written down', async (name, trigger, each) => {
    const outcome = await runCase(database, each, `original.${trigger}`);
    await expect(outcome).toMatchFileSnapshot(goldenFile(name, trigger));
  });
});

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);
  let database: TestDatabase;

  beforeAll(async () => {
    database = await recordingDatabase(server);
  });
  afterAll(() => database.close());

  test.each(runs)('%s: %s does what the original does', async (name, trigger, each) => {
    const golden = new URL(goldenFile(name, trigger), import.meta.url);
    expect(await runCase(database, each, `pgq.${trigger}`)).toBe(await readFile(golden, 'utf8'));
  });
});
