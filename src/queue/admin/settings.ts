import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';
import { sqlstateOf } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import { flag } from './rows.ts';

const checkSql = loadSql('check-setting');
const setSql = 'select pgq.set_queue_config($1, $2, $3)';

const expected: Readonly<Record<string, string>> = {
  ticker_max_count: 'a number of events, 0 or more, as in 500',
  ticker_paused: '0 or 1',
  external_ticker: '0 or 1',
};

/**
 * Sets what the queue is known to have.
 *
 * @throws QUEUE_SETTING_VALUE
 */
export async function setSetting(
  tx: Tx,
  queue: string,
  setting: string,
  value: string,
): Promise<void> {
  if (!(await isPossible(tx, setting, value))) {
    throw new SluiceError('QUEUE_SETTING_VALUE', {
      queue,
      setting,
      value: JSON.stringify(value),
      expected: expected[setting] ?? 'a time, 0 or more, as in 3s or 2h',
    });
  }
  await tx.query(setSql, [queue, setting, value]);
}

async function isPossible(tx: Tx, setting: string, value: string): Promise<boolean> {
  try {
    const { rows } = await tx.query(checkSql, [setting, value]);
    return flag(rows[0]!, 'is_possible');
  } catch (error) {
    if (sqlstateOf(error)?.startsWith('22') === true) return false;
    throw error;
  }
}
