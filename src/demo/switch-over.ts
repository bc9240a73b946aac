import { readSequences } from '../catalog/index.ts';
import { systemClock, type ProgressTask } from '../service/index.ts';
import { Session } from '../session/index.ts';
import { ShopFront } from './front.ts';
import type { DemoPipeline } from './pipeline.ts';
import type { SwitchReport } from './report.ts';
import type { DemoServers } from './servers.ts';
import type { Told } from './stages.ts';
import type { ShopWriter } from './writer/shop-writer.ts';

/** No transaction of the shop is open for so long. */
const drainMs = 10_000;
/** How long the shop trades on at the other server before it closes. */
const afterwardsMs = 1_000;

/**
 * Moves the shop's tills to the target, while they trade: hold them, let everything arrive, hand the
 * sequences over, let them go on there.
 */
export async function switchOver(
  { front, servers, pipeline, writer, signal }: SwitchParts,
  task: ProgressTask,
): Promise<Told<SwitchReport>> {
  const { gate } = front;
  writer.forgetLongest();
  task.status('holding the tills');
  const closedMs = systemClock.monotonicMs();
  await gate.pause(drainMs);
  try {
    await pipeline.catchUp(task);
    await handOverSequences(servers, signal);
    await gate.redirect(ShopFront.targetOf(servers.target));
  } catch (error) {
    await gate.abort();
    throw error;
  }
  await gate.resume();
  const pausedMs = systemClock.monotonicMs() - closedMs;
  task.status('trading on');
  await systemClock.sleep(afterwardsMs, signal);
  const longestTransactionMs = writer.longestMs;
  await writer.stop();
  const missing = await countMissing(servers, writer.acknowledged, signal);
  const acknowledged = writer.acknowledged.length;
  return {
    result: { pausedMs, longestTransactionMs, acknowledged, missing },
    text: `the tills were held for ${Math.round(pausedMs)} ms`,
  };
}

export interface SwitchParts {
  readonly front: ShopFront;
  readonly servers: DemoServers;
  readonly pipeline: DemoPipeline;
  readonly writer: ShopWriter;
  readonly signal: AbortSignal;
}

/** Values of sequences are not replicated: numbers given out twice would be the first thing that breaks. */
async function handOverSequences(
  { source, target }: DemoServers,
  signal: AbortSignal,
): Promise<void> {
  await using from = await Session.connect(source.url, { purpose: 'demo', signal });
  await using to = await Session.connect(target.url, { purpose: 'demo', signal });
  for (const { schema, name, lastValue } of await readSequences(from)) {
    if (schema !== 'shop' || lastValue === null) continue;
    await to.query('select setval(format($1, $2::text, $3::text), $4::bigint)', [
      '%I.%I',
      schema,
      name,
      lastValue,
    ]);
  }
}

async function countMissing(
  { target }: DemoServers,
  acknowledged: readonly number[],
  signal: AbortSignal,
): Promise<number> {
  await using session = await Session.connect(target.url, { purpose: 'demo', signal });
  const { rows } = await session.query(
    `select count(*) as missing from unnest($1::bigint[]) as given (number)
     where not exists (select from shop.receipt where receipt.number = given.number)`,
    [`{${acknowledged.join(',')}}`],
  );
  return Number(rows[0]?.['missing']);
}
