import { afterEach, describe, expect, test } from 'vitest';
import { Daemon, type Part, type PartService } from '../../src/daemon/index.ts';
import { ServerError, SluiceError } from '../../src/errors/index.ts';
import {
  createLog,
  Lifecycle,
  Metrics,
  silentLog,
  silentProgress,
  systemClock,
} from '../../src/service/index.ts';
import { waitFor } from '../kit/wait.ts';
import { describeService } from '../service/conformance.ts';
import { ManualClock } from '../service/manual-clock.ts';

class TestPart implements PartService {
  readonly #life: Lifecycle;

  constructor(work: ConstructorParameters<typeof Lifecycle>[1]) {
    this.#life = new Lifecycle('test part', work);
  }

  get ready() {
    return this.#life.ready;
  }

  get finished() {
    return this.#life.finished;
  }

  start(signal?: AbortSignal) {
    this.#life.start(signal);
  }

  stop() {
    return this.#life.stop();
  }

  status() {
    return { position: 5n };
  }
}

function part(name: string, work: ConstructorParameters<typeof Lifecycle>[1]): Part {
  return { name, make: async () => new TestPart(work) };
}

const untilStopped = (name: string) =>
  part(name, async (signal, becomeReady) => {
    becomeReady();
    await systemClock.sleep(600_000, signal);
  });

let opened: Daemon[] = [];

afterEach(async () => {
  await Promise.all(opened.map((daemon) => daemon.stop()));
  opened = [];
});

function make(
  parts: Part[],
  clock?: ManualClock,
  metrics = new Metrics(),
  { statusListen = '127.0.0.1:0', log = silentLog } = {},
): Daemon {
  const daemon = new Daemon(
    { parts, statusListen },
    {
      log,
      metrics,
      progress: silentProgress,
      version: '1.2.3',
      ...(clock && { clock }),
    },
  );
  opened.push(daemon);
  return daemon;
}

function stateOf(daemon: Daemon, name: string): string | undefined {
  return daemon.status().parts.find((status) => status.name === name)?.state;
}

const lost = () => new ServerError({ severity: 'FATAL', sqlstate: '57P01', message: 'going down' });
const refused = () => new SluiceError('CONFIG_DATABASE', { database: 'x', problem: 'y' });

describeService('the daemon', async () => {
  const service = make([untilStopped('replicate.a'), untilStopped('replicate.b')]);
  return {
    service,
    expectNothingLeft: () => expect(service.statusUrl).toBeUndefined(),
  };
});

describe('the status page', () => {
  test('shows each part with its state and what it says of itself', async () => {
    const daemon = make([untilStopped('replicate.a')]);
    daemon.start();
    await daemon.ready;
    await waitFor('the part to run', () => stateOf(daemon, 'replicate.a') === 'running');
    const status = await (await fetch(`${daemon.statusUrl}/status`)).json();
    expect(status).toMatchObject({
      version: '1.2.3',
      parts: [{ name: 'replicate.a', state: 'running', detail: { position: '5' } }],
    });
    const metrics = await (await fetch(`${daemon.statusUrl}/metrics`)).text();
    expect(metrics).toContain('sluice_daemon_running_parts{part="replicate.a"} 1');
  });

  test('of a second process on the machine comes when the first has left the address', async () => {
    const first = make([untilStopped('replicate.a')]);
    first.start();
    await first.ready;
    const address = new URL(first.statusUrl ?? '').host;
    const clock = new ManualClock();
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    const options = { statusListen: address, log };
    const second = make([untilStopped('replicate.a')], clock, new Metrics(), options);
    second.start();
    await second.ready;
    await waitFor('the part to run', () => stateOf(second, 'replicate.a') === 'running');
    expect(second.statusUrl).toBeUndefined();
    for (const _ of [1, 2]) {
      await waitFor('the wait for the address', () => clock.pending === 1);
      clock.advance(2_000);
    }
    await waitFor('the wait for the address', () => clock.pending === 1);
    await first.stop();
    clock.advance(2_000);
    await waitFor('the page', () => second.statusUrl === `http://${address}`);
    expect((await fetch(`${second.statusUrl}/healthz`)).status).toBe(200);
    expect(lines.filter((line) => line.includes('"level":"warn"'))).toHaveLength(1);
    await second.stop();
    expect(second.statusUrl).toBeUndefined();
  });

  test('turns unhealthy when a part fails, while the others go on', async () => {
    const failing = part('replicate.bad', () => Promise.reject(refused()));
    const daemon = make([failing, untilStopped('replicate.good')]);
    daemon.start();
    await daemon.ready;
    await waitFor('the part to fail', () => stateOf(daemon, 'replicate.bad') === 'failed');
    const answer = await fetch(`${daemon.statusUrl}/healthz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ parts: { 'replicate.bad': 'failed' } });
    expect(daemon.status().parts[0]?.error).toMatchObject({ code: 'CONFIG_DATABASE' });
    await waitFor('the other to run', () => stateOf(daemon, 'replicate.good') === 'running');
  });
});

test('a part that helps itself out of something is running and not healthy', async () => {
  const daemon = make([
    {
      name: 'replicate.a',
      make: async () =>
        Object.assign(
          new TestPart(async (signal, becomeReady) => {
            becomeReady();
            await systemClock.sleep(600_000, signal);
          }),
          { trouble: 'the source is down' },
        ),
    },
  ]);
  daemon.start();
  await waitFor('the part to run', () => stateOf(daemon, 'replicate.a') === 'running');
  expect(daemon.health()).toEqual({
    isHealthy: false,
    parts: { 'replicate.a': 'running: the source is down' },
  });
});

describe('a part', () => {
  test('starts again after what may pass, later each time, and says what it waits for', async () => {
    const clock = new ManualClock();
    const metrics = new Metrics();
    let starts = 0;
    const flaky = part('replicate.a', async (signal, becomeReady) => {
      starts += 1;
      if (starts < 3) throw lost();
      becomeReady();
      await systemClock.sleep(600_000, signal);
    });
    const daemon = make([flaky], clock, metrics);
    daemon.start();
    await waitFor('the first wait', () => clock.pending === 1);
    expect(daemon.status().parts[0]).toMatchObject({
      state: 'waiting',
      error: { sqlstate: '57P01' },
    });
    expect(daemon.health().isHealthy).toBe(false);
    clock.advance(100);
    await waitFor('the second wait', () => clock.pending === 1);
    expect(starts).toBe(2);
    clock.advance(200);
    await waitFor('the part to run', () => stateOf(daemon, 'replicate.a') === 'running');
    expect(daemon.status().parts[0]?.error).toBeUndefined();
    expect(
      await metrics.value('sluice_daemon_restarted_parts_total', { part: 'replicate.a' }),
    ).toBe(2);
  });

  test('whose making fails is judged like one that fails at work', async () => {
    const daemon = make([{ name: 'replicate.a', make: () => Promise.reject(refused()) }]);
    daemon.start();
    await expect(daemon.finished).rejects.toMatchObject({ code: 'CONFIG_DATABASE' });
  });

  test('that waits can be stopped', async () => {
    const clock = new ManualClock();
    const daemon = make([part('replicate.a', () => Promise.reject(lost()))], clock);
    daemon.start();
    await waitFor('the wait', () => clock.pending === 1);
    await daemon.stop();
    expect(stateOf(daemon, 'replicate.a')).toBe('stopped');
    expect(clock.pending).toBe(0);
  });
});

describe('the daemon ends', () => {
  test('well when every part is done', async () => {
    const done = part('replicate.a', async (_signal, becomeReady) => becomeReady());
    const daemon = make([done]);
    daemon.start();
    await daemon.finished;
    expect(stateOf(daemon, 'replicate.a')).toBe('done');
  });

  test('with all failures when none runs any more', async () => {
    const daemon = make(
      ['replicate.a', 'replicate.b'].map((name) => part(name, () => Promise.reject(refused()))),
    );
    daemon.start();
    const failure: unknown = await daemon.finished.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AggregateError);
    expect(failure).toMatchObject({
      errors: [{ code: 'CONFIG_DATABASE' }, { code: 'CONFIG_DATABASE' }],
    });
  });

  test('only after slow parts have ended, answering meanwhile', async () => {
    const ending = Promise.withResolvers<void>();
    const slow = part('replicate.a', async (_signal, becomeReady) => {
      becomeReady();
      await ending.promise;
    });
    const daemon = make([slow]);
    daemon.start();
    await daemon.ready;
    await waitFor('the part to run', () => stateOf(daemon, 'replicate.a') === 'running');
    const stopped = daemon.stop();
    expect((await fetch(`${daemon.statusUrl}/healthz`)).status).toBe(200);
    ending.resolve();
    await stopped;
    expect(daemon.statusUrl).toBeUndefined();
  });
});
