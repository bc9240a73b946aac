import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import {
  describeConnection,
  parseConnection,
  Session,
  type ConnectionTarget,
} from '../../session/index.ts';
import { loadSql } from '../sql.ts';
import { assembleWork, handlesSideBySide, type Features, type WorkDeps } from './assemble-work.ts';
import { batchFeed } from './batch-feed.ts';
import type { ConsumerDefinition } from './definition.ts';
import { choosePlacement } from './placement/choose-placement.ts';
import { isTrue } from './rows.ts';
import type { RunConsumerOptions } from './run-options.ts';
import type { Work } from './work.ts';

const consumerFeatures = loadSql('consumer-features');
const targetFeatures = loadSql('target-features');
const findQueue = loadSql('find-queue');
const keepCommitsDurable = loadSql('keep-commits-durable');

/** A batch is sorted by number before it is sent; this holds some 300 k events, the server's default a twentieth. */
const readingSettings = { work_mem: '64MB' };

/**
 * Connects, and makes sure that everything is there that the consumer needs.
 *
 * @throws QUEUE_NOT_INSTALLED, QUEUE_NOT_FOUND, QUEUE_FEATURE_MISSING
 */
export async function openWork(
  definition: ConsumerDefinition,
  options: RunConsumerOptions,
  subconsumer: string,
  deps: WorkDeps,
): Promise<Work> {
  const control = await openControl(definition, options, deps.givingUp);
  try {
    const features = await readFeatures(definition, control, describe(options.db));
    const { name: consumer, timeoutMs } = definition;
    const tracksEvents = handlesSideBySide(definition);
    const { hasDeadLetters } = features;
    const feed = batchFeed(definition, subconsumer, features.canJoin);
    const { finishSql } = feed;
    const finish = { consumer, timeoutMs, finishSql, hasDeadLetters, tracksEvents };
    const placement = choosePlacement(definition, options, finish);
    const handlers = placement.openClient();
    await handlers.connect();
    try {
      await checkTarget(definition, options, handlers.own);
    } catch (error) {
      await handlers.end();
      throw error;
    }
    return assembleWork({
      definition,
      options,
      features,
      control,
      feed,
      handlers,
      placement,
      deps,
    });
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
  const isElsewhere = options.target !== undefined || options.handlesElsewhere === true;
  // What we commit here in between is repeated when it is lost, and lies before what handlers commit; unless that is
  // elsewhere, where nobody must ever know more than this database.
  const settings = {
    ...readingSettings,
    ...(isElsewhere ? {} : { synchronous_commit: 'off' }),
  };
  const control = await Session.connect(options.db, {
    purpose: `consumer ${definition.name} control`,
    signal,
    settings,
    isPooled: options.listen === false,
  });
  if (isElsewhere) await control.query(keepCommitsDurable);
  return control;
}

async function readFeatures(
  definition: ConsumerDefinition,
  control: Tx,
  database: string,
): Promise<Features> {
  const { rows } = await control.query(consumerFeatures);
  const [row] = rows;
  if (!isTrue(row, 'queues')) throw new SluiceError('QUEUE_NOT_INSTALLED', { database });
  const { name: consumer, kind } = definition;
  const missing = (feature: string, needed: string) =>
    new SluiceError('QUEUE_FEATURE_MISSING', { consumer, feature, needed, database });
  if (kind === 'cooperative' && !isTrue(row, 'cooperation')) {
    throw missing('kind cooperative', 'schema pgq_coop');
  }
  const isOurs = isTrue(row, 'ours');
  if (definition.leaseMs !== undefined && !isOurs) throw missing('leaseMs', "Sluice's schema pgq");
  await checkQueues(definition, control, database);
  return {
    hasDeadLetters: isOurs,
    isOurs,
    canJoin: isTrue(row, 'joining'),
    mayTick: isTrue(row, 'may_tick'),
  };
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
  const { name: consumer, kind } = definition;
  const isElsewhere = options.target !== undefined;
  if (!isElsewhere && !handlesSideBySide(definition)) return;
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
