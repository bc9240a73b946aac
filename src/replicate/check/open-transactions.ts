import type { OpenTransaction } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

/** Younger ones end before anybody could read of them. */
const longS = 10;

export const openTransactions = defineCheck(
  {
    CHECK_OPEN_TRANSACTION: {
      severity: 'warns',
      meaning:
        'A new slot waits for every transaction that is writing when it is made, in all databases of the source.',
      remedy: 'let it end, or end it: SELECT pg_terminate_backend({pid})',
    },
    CHECK_PREPARED_TRANSACTION: {
      severity: 'warns',
      meaning:
        'A new slot waits for prepared transactions too, and a forgotten one never ends by itself.',
      remedy: "run COMMIT PREPARED or ROLLBACK PREPARED '{gid}' in database {database}",
    },
  },
  ({ openTransactions: transactions, pipeline }, report) => {
    const hasSlot = pipeline !== null && pipeline.position !== null;
    if (hasSlot) return;
    for (const transaction of transactions) {
      const { gid, pid, ageS, database } = transaction;
      if (ageS === null || ageS < longS) continue;
      if (gid !== null) {
        const details = { gid, database: database ?? '' };
        report('CHECK_PREPARED_TRANSACTION', `transaction ${gid}`, describe(transaction), details);
      } else if (pid !== null) {
        const details = { pid: String(pid) };
        report('CHECK_OPEN_TRANSACTION', `backend ${pid}`, describe(transaction), details);
      }
    }
  },
);

function describe(transaction: OpenTransaction): string {
  const application = transaction.application ? ` (${transaction.application})` : '';
  return `open for ${Math.round(transaction.ageS ?? 0)} s, role ${transaction.owner}${application}, database ${transaction.database}`;
}
