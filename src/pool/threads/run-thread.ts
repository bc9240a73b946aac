import type { MessagePort } from 'node:worker_threads';
import { failpoint, recordError, type Log, type LogFields } from '../../service/index.ts';
import { PoolService } from '../pool-service.ts';
import { operate, reportOf } from './answers.ts';
import { Calls } from './calls.ts';
import { throughDoor } from './console-door.ts';
import type { CancelAsked, LogLine, OperationAsked } from './other-threads.ts';
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
      if (changed !== null) config = unpackConfig(changed);
      const { operations } = service;
      if (operations !== null) await operate(operations, operation, args, signal);
    },
    report: () => Promise.resolve(reportOf(service.consoles)),
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
