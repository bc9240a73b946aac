import { describe, expect, test } from 'vitest';
import { crashSluice, majors, postgres, runSluice, temporaryFolder } from '../kit/index.ts';
import { eventsOf, insertEvents, queueDatabase } from './databases.ts';
import { runJob } from './run-job.ts';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const some = Array.from({ length: 20 }, (_, nr) => ({
  type: nr % 3 === 0 ? 'placed' : 'paid',
  data: nr === 7 ? null : `nr=${nr}&text=%c3%a4+'`,
  extra1: nr % 2 === 0 ? 'left' : 'right',
}));

describe.each(majors)('queue mover on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('moves events as they are, in order, to a queue of another name', async () => {
    const source = await queueDatabase(server);
    const target = await queueDatabase(server, ['moved']);
    const settings = {
      kind: 'queue_mover',
      source: source.url,
      target: target.url,
      queue: 'q',
      target_queue: 'moved',
    };
    await runJob(settings);
    await insertEvents(source, some);
    const ran = await runJob(settings);
    expect(await eventsOf(target, 'moved')).toEqual(await eventsOf(source));
    expect(ran.status.totals['count']).toBe(20);
    expect(ran.log).toContainEqual(
      expect.objectContaining({ msg: 'statistics', count: 20, job: 'job' }),
    );
  });

  test('splits events by a field', async () => {
    const source = await queueDatabase(server);
    const target = await queueDatabase(server, ['left', 'right']);
    const settings = {
      kind: 'queue_splitter',
      source: source.url,
      target: target.url,
      queue: 'q',
    };
    await runJob(settings);
    await insertEvents(source, some);
    await runJob(settings);
    const all = await eventsOf(source);
    expect(await eventsOf(target, 'left')).toEqual(all.filter((_, nr) => nr % 2 === 0));
    expect(await eventsOf(target, 'right')).toEqual(all.filter((_, nr) => nr % 2 === 1));
  });
});

describe('a queue mover that is killed', { timeout: 180_000 }, () => {
  const server = postgres();

  test.each([
    'consumer.before-record',
    'consumer.before-commit',
    'consumer.before-finish',
    'consumer.after-commit',
  ])('at %s has moved each event exactly once after the next run', async (failpoint) => {
    const source = await queueDatabase(server);
    const target = await queueDatabase(server);
    const file = join(temporaryFolder(), 'mover.ini');
    await writeFile(
      file,
      `[queue_mover]\njob_name = mover\nsrc_db = ${keywords(source.url)}\ndst_db = ${keywords(target.url)}\n` +
        'pgq_queue_name = q\ndst_queue_name = q\nlogfile =\nloop_delay = 0\n',
    );
    const args = ['jobs', 'run', file];
    await source.query("SELECT pgq.register_consumer('q', 'mover')");
    await insertEvents(source, some);
    await crashSluice(args, failpoint);
    await insertEvents(source, [{ data: 'after' }]);
    const ended = await runSluice(args);
    expect(ended.stderr).toContain('statistics');
    expect(ended.exitCode).toBe(0);
    expect(await eventsOf(target)).toEqual(await eventsOf(source));
  });
});

/** As the originals' files have it. */
function keywords(url: string): string {
  const { hostname, port, username, pathname } = new URL(url);
  return `dbname=${pathname.slice(1)} host=${hostname} port=${port} user=${username}`;
}
