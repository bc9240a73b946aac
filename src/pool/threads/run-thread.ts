import type { MessagePort } from 'node:worker_threads';
import { failpoint, recordError, type Log, type LogFields } from '../../service/index.ts';
import { PoolService } from '../pool-service.ts';
import { Calls } from './calls.ts';
import { throughDoor } from './console-door.ts';
import type {
  CancelAsked,
  LogLine,
  OperationAsked,
  SharedOperation,
  ThreadReport,
} from './other-threads.ts';
import { unpackConfig } from './pack-config.ts';
import { SharedCounts } from './shared-counts.ts';
import type { ThreadStart } from './thread-start.ts';

/** One more thread of a pooler: the same port, the same limits, its own clients and servers. */
export function runThread(start: ThreadStart, port: MessagePort): void {
  let config = unpackConfig(start.config);
  const service = new PoolService({
    load: () => Promise.resolve(config),
    log: relayedLog((line) => void calls.ask('log', line), { thread: start.index }),
    version: start.version,
    thread: {
      index: start.index,
      count: start.count,
      counts: new SharedCounts(start.memory),
      port: start.port,
      console: (login) => throughDoor(start.door, login),
      cancel: async (pid, key) => {
        await calls.ask('cancel', { pid, key: key.toString('hex') });
      },
    },
  });
  const calls = new Calls(port, {
    ready: () => service.ready,
    operate: async ({ operation, args, config: changed }: OperationAsked, signal) => {
      void failpoint('pool.thread'); // thrown where nobody catches it, it ends the thread
      void failpoint('pool.thread'); // thrown where nobody catches it, it ends the thread
      if (changed !== null) config = unpackConfig(changed);
      const { operations } = service;
      if (operations !== null) await operate(operations, operation, args, signal);
    },
    report: () => Promise.resolve(reportOf(service)),
    cancel: async ({ pid, key }: CancelAsked) => {
      await service.pooler?.cancels.cancel(pid, Buffer.from(key, 'hex'));
    },
  });
  service.start();
  void service.finished.then(
    () => port.close(),
    () => port.close(),
  );
}

async function operate(
  operations: Operations,
  operation: SharedOperation,
  [first = null, second = null]: readonly (string | number | null)[],
  signal: AbortSignal,
): Promise<void> {
  const name = first === null ? null : String(first);
  switch (operation) {
    case 'pause':
      return operations.pause(name, signal);
    case 'resume':
      return operations.resume(name);
    case 'disable':
      return operations.disable(String(first));
    case 'enable':
      return operations.enable(String(first));
    case 'reconnect':
      return operations.reconnect(name);
    case 'waitClose':
      return operations.waitClose(name, signal);
    case 'kill':
      return operations.kill(name);
    case 'killClient':
      return operations.killClient(Number(first));
    case 'suspend':
      return operations.suspend(signal);
    case 'reload':
      return operations.reload();
    case 'set':
      return operations.set(String(first), String(second));
    case 'shutdown':
      return operations.shutdown(
        first === 'wait_for_servers' || first === 'wait_for_clients' ? first : 'immediate',
      );
  }
}

function reportOf({ consoles }: PoolService): ThreadReport {
  if (consoles === null) return { shows: new Map(), totals: new Map(), metrics: [] };
  const merged = shows.filter(({ merge }) => merge !== undefined);
  return {
    shows: new Map(merged.map((show) => [show.name, show.rows(consoles)])),
    totals: consoles.statistics.ownTotals(),
    metrics: ownFamilies(consoles),
  };
}

function relayedLog(send: (line: LogLine) => void, common: LogFields): Log {
  const at =
    (level: LogLine['level']) =>
    (message: string, { error, ...fields }: LogFields = {}): void => {
      const recorded = error === undefined ? {} : { error: recordError(error) };
      send({ level, message, fields: { ...common, ...fields, ...recorded } });
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => relayedLog(send, { ...common, ...fields }),
  };
}
