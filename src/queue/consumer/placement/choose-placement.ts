import { SluiceError } from '../../../errors/index.ts';
import type { ConsumerDefinition } from '../definition.ts';
import type { FinishOptions } from '../finish-batch.ts';
import { HandlerClient } from '../handler-client.ts';
import type { RunConsumerOptions } from '../run-options.ts';
import { LocalPlacement } from './local.ts';
import type { Placement } from './placement.ts';
import { RemoteRecord } from './remote-record.ts';
import { SerialRecord } from './serial-record.ts';
import { TargetPlacement } from './target.ts';

/** @throws QUEUE_CONSUMER_OPTIONS  its kind needs a target and none was given, or the other way round */
export function choosePlacement(
  definition: ConsumerDefinition,
  { db, target, listen }: RunConsumerOptions,
  finish: FinishOptions,
): Placement {
  const { kind, name } = definition;
  const { timeoutMs } = finish;
  const handler = { purpose: `consumer ${name}`, timeoutMs, isPooled: listen === false };
  if (kind === 'local' || kind === 'cooperative') {
    if (target !== undefined) throw badTarget(name, `kind ${kind} writes in the queue's database`);
    return new LocalPlacement(() => new HandlerClient(db, handler), finish);
  }
  if (target === undefined) throw badTarget(name, `kind ${kind} needs a target to write in`);
  const subconsumers = trackedAs(definition);
  const Recorder = kind === 'serial' ? SerialRecord : RemoteRecord;
  const record = new Recorder(name, subconsumers);
  return new TargetPlacement(() => new HandlerClient(target, handler), record, finish);
}

/**
 * What lanes are called in `pgq_ext` besides the consumer's name, by queue: the first has the name alone, as a consumer
 * of one queue has everywhere.
 */
export function trackedAs({ queues }: ConsumerDefinition): ReadonlyMap<string, string> {
  return new Map(queues.slice(1).map((queue) => [queue, queue]));
}

function badTarget(consumer: string, problem: string): SluiceError {
  return new SluiceError('QUEUE_CONSUMER_OPTIONS', { consumer, problem });
}
