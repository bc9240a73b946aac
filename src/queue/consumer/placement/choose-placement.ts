import type { ConnectionTarget } from '../../../session/index.ts';
import { SluiceError } from '../../../errors/index.ts';
import type { ConsumerDefinition } from '../definition.ts';
import type { FinishOptions } from '../finish-batch.ts';
import { LocalPlacement } from './local.ts';
import type { Placement } from './placement.ts';
import { RemoteRecord } from './remote-record.ts';
import { SerialRecord } from './serial-record.ts';
import { TargetPlacement } from './target.ts';

/** @throws QUEUE_CONSUMER_OPTIONS  its kind needs a target and none was given, or the other way round */
export function choosePlacement(
  definition: ConsumerDefinition,
  db: ConnectionTarget | string,
  target: ConnectionTarget | string | undefined,
  finish: FinishOptions,
): Placement {
  const { kind, name } = definition;
  if (kind === 'local' || kind === 'cooperative') {
    if (target !== undefined) throw badTarget(name, `kind ${kind} writes in the queue's database`);
    return new LocalPlacement(db, finish);
  }
  if (target === undefined) throw badTarget(name, `kind ${kind} needs a target to write in`);
  const subconsumers = trackedAs(definition);
  const Recorder = kind === 'serial' ? SerialRecord : RemoteRecord;
  return new TargetPlacement(target, new Recorder(name, subconsumers), finish);
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
