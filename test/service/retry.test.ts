import { describe, expect, test } from 'vitest';
import { ServerError, SluiceError } from '../../src/errors/index.ts';
import { Backoff, decisionOf, decisionOfSqlstate, retry } from '../../src/service/index.ts';
import { ManualClock } from './manual-clock.ts';

function serverError(sqlstate: string): ServerError {
  return new ServerError({ severity: 'ERROR', sqlstate, message: 'no' });
}

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(code), { code, syscall, errno: -1 });
}

describe('what an error asks for', () => {
  test.each([
    ['40001', 'retry'],
    ['40P01', 'retry'],
    ['40002', 'fix'],
    ['40003', 'reconnect'],
    ['55P03', 'retry'],
    ['55006', 'retry'],
    ['57P01', 'reconnect'],
    ['57P03', 'reconnect'],
    ['57P04', 'fix'],
    ['53100', 'retry'],
    ['53300', 'reconnect'],
    ['53400', 'fix'],
    ['08006', 'reconnect'],
    ['25006', 'reconnect'],
    ['23505', 'fix'],
    ['42P01', 'fix'],
    ['28P01', 'fix'],
  ] as const)('SQLSTATE %s: %s', (sqlstate, decision) => {
    expect(decisionOfSqlstate(sqlstate)).toBe(decision);
    expect(decisionOf(serverError(sqlstate))).toBe(decision);
  });

  test('an error of a pg client is judged by its SQLSTATE too', () => {
    const error = Object.assign(new Error('deadlock detected'), {
      code: '40P01',
      severity: 'ERROR',
    });
    expect(decisionOf(error)).toBe('retry');
  });

  test('EPIPE looks like a SQLSTATE and is a lost connection', () => {
    expect(decisionOf(systemError('EPIPE', 'write'))).toBe('reconnect');
  });

  test("a missing file needs a person, a server's missing Unix socket another try", () => {
    expect(decisionOf(systemError('ENOENT', 'open'))).toBe('fix');
    expect(decisionOf(systemError('ENOENT', 'connect'))).toBe('reconnect');
  });

  test('the hardest of several errors decides', () => {
    const several = new AggregateError([
      systemError('ECONNREFUSED', 'connect'),
      new TypeError('x'),
    ]);
    expect(decisionOf(several)).toBe('bug');
    expect(decisionOf(new AggregateError([serverError('40001')]))).toBe('retry');
  });
});

describe('back-off', () => {
  test('grows to its longest wait and starts over after a reset', () => {
    const policy = { firstMs: 10, longestMs: 50, factor: 2, jitter: 0 };
    const backoff = new Backoff(policy);
    expect([1, 2, 3, 4, 5].map(() => backoff.nextDelayMs())).toEqual([10, 20, 40, 50, 50]);
    backoff.reset();
    expect(backoff.nextDelayMs()).toBe(10);
  });

  test('takes its random share off the wait', () => {
    const policy = { firstMs: 100, longestMs: 1000, factor: 2, jitter: 0.5 };
    expect(new Backoff(policy, () => 1).nextDelayMs()).toBe(50);
    expect(new Backoff(policy, () => 0).nextDelayMs()).toBe(100);
  });

  test('stays finite after a thousand failures', () => {
    const backoff = new Backoff();
    for (let i = 0; i < 2000; i += 1) backoff.nextDelayMs();
    expect(backoff.nextDelayMs()).toBeLessThanOrEqual(10_000);
  });
});

describe('retry', () => {
  const backoff = { firstMs: 100, longestMs: 1000, factor: 2, jitter: 0 };

  test('tries again after what may pass, waiting in between, and tells each wait', async () => {
    const clock = new ManualClock();
    const waits: number[] = [];
    const result = retry(
      async (attempt) => {
        if (attempt < 3) throw serverError('40001');
        return attempt;
      },
      { clock, backoff, onRetry: ({ delayMs }) => waits.push(delayMs) },
    );
    await advanceUntilSettled(clock, result);
    await expect(result).resolves.toBe(3);
    expect(waits).toEqual([100, 200]);
  });

  test('gives up at once on what needs a person', async () => {
    let attempts = 0;
    const failing = retry(async () => {
      attempts += 1;
      throw new SluiceError('SERVICE_LISTEN_ADDRESS', { address: 'x' });
    });
    await expect(failing).rejects.toMatchObject({ code: 'SERVICE_LISTEN_ADDRESS' });
    expect(attempts).toBe(1);
  });

  test('leaves a lost connection to the caller when it holds the connection', async () => {
    const lost = systemError('ECONNRESET', 'read');
    await expect(retry(() => Promise.reject(lost), { acrossReconnects: false })).rejects.toBe(lost);
  });

  test('throws the last error when the attempts are used up', async () => {
    const clock = new ManualClock();
    let attempts = 0;
    const failing = retry(
      async () => {
        attempts += 1;
        throw serverError('40P01');
      },
      { clock, backoff, maxAttempts: 3 },
    );
    await advanceUntilSettled(clock, failing);
    await expect(failing).rejects.toMatchObject({ sqlstate: '40P01' });
    expect(attempts).toBe(3);
  });

  test('stops waiting when the signal aborts and leaves no timer', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const reason = new Error('enough');
    const waiting = Promise.withResolvers<void>();
    const failing = retry(() => Promise.reject(serverError('40001')), {
      clock,
      backoff,
      signal: controller.signal,
      onRetry: () => waiting.resolve(),
    });
    await waiting.promise;
    controller.abort(reason);
    await expect(failing).rejects.toBe(reason);
    expect(clock.pending).toBe(0);
  });

  test('does not run at all under an aborted signal', async () => {
    const reason = new Error('enough');
    let attempts = 0;
    const run = async () => (attempts += 1);
    await expect(retry(run, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(attempts).toBe(0);
  });
});

/** Lets each wait come due as soon as it is begun. */
async function advanceUntilSettled(clock: ManualClock, work: Promise<unknown>): Promise<void> {
  const state = { isSettled: false };
  const settle = () => {
    state.isSettled = true;
  };
  work.then(settle, settle);
  for (let turn = 0; turn < 1000 && !state.isSettled; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    const nextInMs = clock.nextInMs;
    if (nextInMs !== undefined) clock.advance(nextInMs);
  }
}
