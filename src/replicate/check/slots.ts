import { defineCheck } from './define.ts';

export const slots = defineCheck(
  {
    CHECK_SLOTS: {
      severity: 'blocks',
      meaning: 'The source has no replication slot left; a pipeline holds one.',
      remedy: 'raise max_replication_slots on the source (restart), or drop slots nobody uses',
    },
    CHECK_WAL_SENDERS: {
      severity: 'blocks',
      meaning: 'The source has no WAL sender left; following needs one.',
      remedy: 'raise max_wal_senders on the source (restart), or end senders nobody uses',
    },
    CHECK_SLOTS_FEW: {
      severity: 'warns',
      meaning:
        'One slot or WAL sender is left. Comparing, and copying again what was not finished, take a temporary second one.',
      remedy: 'raise max_replication_slots and max_wal_senders on the source (restart)',
    },
  },
  ({ source, pipeline }, report) => {
    const { database } = source;
    // A pipeline with a position has its slot; its sender is ours too, or free by the time we need it.
    const own = pipeline?.position === null || pipeline === null ? 0 : 1;
    const free = {
      max_replication_slots: database.maxReplicationSlots - database.usedReplicationSlots,
      max_wal_senders: database.maxWalSenders - database.usedWalSenders,
    };
    const used = `${database.usedReplicationSlots} of ${database.maxReplicationSlots} slots`;
    const senders = `${database.usedWalSenders} of ${database.maxWalSenders} WAL senders`;
    if (free.max_replication_slots + own < 1) report('CHECK_SLOTS', 'source', `${used} are in use`);
    if (free.max_wal_senders + own < 1)
      report('CHECK_WAL_SENDERS', 'source', `${senders} are in use`);
    const least = Math.min(free.max_replication_slots, free.max_wal_senders) + own;
    if (least === 1) report('CHECK_SLOTS_FEW', 'source', `${used} and ${senders} are in use`);
  },
);
