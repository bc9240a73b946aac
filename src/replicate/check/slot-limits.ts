import { defineCheck } from './define.ts';
import { describeBytes } from './describe.ts';

/** A laptop closed overnight, or a weekend's outage, must not cost the slot. */
const shortIdleTimeoutS = 3 * 24 * 3600;

export const slotLimits = defineCheck(
  {
    CHECK_SLOT_WAL_LIMIT: {
      severity: 'warns',
      meaning:
        'The source gives up a slot that holds more WAL than max_slot_wal_keep_size. While tables are copied, and while we are stopped, WAL gathers; a slot given up means copying anew.',
      remedy: 'raise max_slot_wal_keep_size on the source (reload), as far as its disk allows',
    },
    CHECK_SLOT_IDLE_TIMEOUT: {
      severity: 'warns',
      meaning:
        'The source gives up a slot that nobody used for idle_replication_slot_timeout; that means copying anew.',
      remedy: 'raise idle_replication_slot_timeout on the source (reload), or set it to 0',
    },
  },
  ({ source, tables }, report) => {
    const { maxSlotWalKeepMb, idleSlotTimeoutS } = source.database;
    const limit = maxSlotWalKeepMb * 2 ** 20;
    const bytes = tables.reduce((sum, { source: table }) => sum + table.totalBytes, 0);
    // What the tables take stands for how long the copy takes; 4 GB is minutes of a busy server.
    if (maxSlotWalKeepMb >= 0 && limit < Math.max(bytes, 4 * 2 ** 30)) {
      const evidence = `max_slot_wal_keep_size is ${describeBytes(limit)}, the tables take ${describeBytes(bytes)}`;
      report('CHECK_SLOT_WAL_LIMIT', 'source', evidence);
    }
    const idleS = idleSlotTimeoutS ?? 0;
    if (idleS > 0 && idleS < shortIdleTimeoutS) {
      const evidence = `idle_replication_slot_timeout is ${idleS} s`;
      report('CHECK_SLOT_IDLE_TIMEOUT', 'source', evidence);
    }
  },
);
