import { arrayLiteral } from '../array-literal.ts';
import { loadSql } from '../sql.ts';
import { quoteLiteral } from '../../session/index.ts';
import type { Work } from './work.ts';

const tickForOnce = loadSql('tick-for-once');

/** A run that ends when nothing is left takes what is committed, whether or not a ticker has come by. */
export async function tickOnce({ control, definition, mayTick }: Work): Promise<void> {
  if (!mayTick) return;
  const queues = quoteLiteral(arrayLiteral(definition.queues));
  // In one message, and so one transaction: no lock is held while the server waits for us.
  await control.query(tickForOnce.replaceAll('$1', () => queues));
}
