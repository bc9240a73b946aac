import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import type { Clock, Log } from '../../service/index.ts';
import {
  describeConnection,
  parseConnection,
  Session,
  type ConnectionTarget,
} from '../../session/index.ts';
import { loadSql } from '../sql.ts';
import type { ConsumerDefinition } from './definition.ts';
import { payloadReader } from './payload.ts';
import { choosePlacement } from './placement/choose-placement.ts';
import { RateLimit } from './rate-limit.ts';
import { isTrue, type Row } from './rows.ts';
import type { RunConsumerOptions } from './run-options.ts';
import type { Work } from './work.ts';

const consumerFeatures = loadSql('consumer-features');
const targetFeatures = loadSql('target-features');
const findQueue = loadSql('find-queue');
const keepCommitsDurable = loadSql('keep-commits-durable');

/** A batch is sorted by number before it is sent; this holds some 300 k events, the server's default a twentieth. */
const readingSettings = { work_mem: '64MB' };

export interface RunDeps {
  /** Nothing new is begun. */
  readonly stopping: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Connects, and makes sure that everything is there that the consumer needs.
 *
 * @throws QUEUE_NOT_INSTALLED, QUEUE_NOT_FOUND, QUEUE_FEATURE_MISSING
 */
export async function openWork(
  definition: ConsumerDefinition,
  options: RunConsumerOptions,
  finishSql: string,
  deps: RunDeps & { readonly givingUp: AbortSignal },
): Promise<Work> {
  const control = await openControl(definition, options, deps.givingUp);
  try {
    const { rows } = await control.query(consumerFeatures);
    const features = rows[0] ?? {};
    const database = describe(options.db);
    checkFeatures(definition, features, database);
    await checkQueues(definition, control, database);
    const hasDeadLetters = isTrue(features, 'deadLetters');
    const { name, timeoutMs, rateLimit } = definition;
    const finish = { consumer: name, timeoutMs, finishSql, hasDeadLetters };
    const placement = choosePlacement(definition, options.db, options.target, finish);
    const handlers = placement.openClient();
    await handlers.connect();
    try {
      await checkTarget(definition, options, handlers.own);
    } catch (error) {
      await handlers.end();
      throw error;
    }
    return {
      ...deps,
      definition,
      placement,
      control,
      handlers,
      hasDeadLetters,
      readPayload: payloadReader(definition.schema, definition.otherTypes),
      rateLimit: rateLimit === undefined ? null : new RateLimit(rateLimit, deps.clock),
      isPolling: options.listen === false,
    };
  } catch (error) {
    await control.close();
    throw error;
  }
}

async function openControl(
  definition: ConsumerDefinition,
  options: RunConsumerOptions,
  signal: AbortSignal,
): Promise<Session> {
  const isElsewhere = options.target !== undefined;
  // What we commit here in between is repeated when it is lost, and lies before what handlers commit; unless that is
  // in another database, which must never know more than this one.
  const settings = {
    ...readingSettings,
    ...(isElsewhere ? {} : { synchronous_commit: 'off' }),
  };
  const control = await Session.connect(options.db, {
    purpose: `consumer ${definition.name} control`,
    signal,
    settings: options.listen === false ? {} : settings,
  });
  if (isElsewhere) await control.query(keepCommitsDurable);
  return control;
}

function checkFeatures(definition: ConsumerDefinition, features: Row, database: string): void {
  if (!isTrue(features, 'queues')) throw new SluiceError('QUEUE_NOT_INSTALLED', { database });
  const { name: consumer, kind } = definition;
  const missing = (feature: string, needed: string) =>
    new SluiceError('QUEUE_FEATURE_MISSING', { consumer, feature, needed, database });
  if (kind === 'cooperative' && !isTrue(features, 'cooperation')) {
    throw missing('kind cooperative', 'schema pgq_coop');
  }
  if (definition.leaseMs !== undefined && !isTrue(features, 'leases')) {
    throw missing('leaseMs', "Sluice's schema pgq");
  }
}

async function checkQueues(
  definition: ConsumerDefinition,
  control: Tx,
  database: string,
): Promise<void> {
  for (const queue of definition.queues) {
    const { rows } = await control.query(findQueue, [queue]);
    if (rows.length === 0) throw new SluiceError('QUEUE_NOT_FOUND', { queue, database });
  }
}

/** Consumers that remember what they have handled do so in `pgq_ext`. */
async function checkTarget(
  definition: ConsumerDefinition,
  options: RunConsumerOptions,
  handlers: Tx,
): Promise<void> {
  const { name: consumer, kind, concurrency } = definition;
  const isElsewhere = options.target !== undefined;
  if (!isElsewhere && concurrency === 1) return;
  const { rows } = await handlers.query(targetFeatures);
  if (isTrue(rows[0], 'tracking')) return;
  throw new SluiceError('QUEUE_FEATURE_MISSING', {
    consumer,
    feature: isElsewhere ? `kind ${kind}` : 'concurrency',
    needed: 'schema pgq_ext',
    database: describe(options.target ?? options.db),
  });
}

function describe(db: ConnectionTarget | string): string {
  return describeConnection(typeof db === 'string' ? parseConnection(db) : db);
}
