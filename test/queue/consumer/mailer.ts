import { consumer } from '../../../src/queue/index.ts';

/** Writes each event into `done`, for tests that kill the process it runs in. */
const { KIND = 'local', CONCURRENCY = '1', LEASE_MS, LONG_MS = '60000' } = process.env;
const kinds = ['local', 'remote', 'serial', 'cooperative'] as const;

export default consumer({
  queue: 'q',
  name: 'mailer',
  kind: kinds.find((kind) => kind === KIND) ?? 'local',
  concurrency: Number(CONCURRENCY),
  ...(LEASE_MS === undefined ? {} : { leaseMs: Number(LEASE_MS) }),
  async onEvent(event, tx, context) {
    if (event.data?.startsWith('long') === true) {
      context.progress(1, 2, 'half way');
      process.stdout.write(`working on ${event.data}\n`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, Number(LONG_MS));
        context.signal.addEventListener('abort', () => {
          clearTimeout(timer);
          resolve(undefined);
        });
      });
      context.signal.throwIfAborted();
    }
    if (event.data === 'bad') throw new Error('bad');
    await tx.query('INSERT INTO done (id) VALUES ($1)', [event.data]);
  },
});
