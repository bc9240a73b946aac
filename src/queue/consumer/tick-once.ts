import { inTransaction } from '../../ledger/index.ts';
import { arrayLiteral } from '../array-literal.ts';
import { loadSql } from '../sql.ts';
import type { Work } from './work.ts';

const lockTicks = loadSql('lock-ticks');
const tickForOnce = loadSql('tick-for-once');

/** A run that ends when nothing is left takes what is committed, whether or not a ticker has come by. */
export async function tickOnce({ control, definition, mayTick }: Work): Promise<void> {
  if (!mayTick) return;
  const queues = [arrayLiteral(definition.queues)];
  await inTransaction(control, async () => {
    await control.query(lockTicks, queues);
    await control.query(tickForOnce, queues);
  });
}
