import { registry } from '../../errors/index.ts';
import { findingsOf, type FindingSpecs } from '../../service/index.ts';

/** What a check of queues and their consumers may find, by code. */
export const queueFindingSpecs = {
  CHECK_DATABASE: {
    severity: 'blocks',
    meaning:
      'A database that the file names cannot be reached, or refuses the user. Nothing of it was looked at.',
    remedy: 'see that it runs, and correct what [databases] says of it',
  },
  CHECK_QUEUE_ADMIN: {
    severity: 'blocks',
    meaning:
      'The user may not tick and maintain queues, or make them and take events out of the WAL.',
    remedy: 'run GRANT pgq_admin TO {user}',
  },
  CHECK_QUEUE_KIND: {
    severity: 'blocks',
    meaning:
      'The queue lives in the WAL. Its events are read in the database that [queue.wal.NAME] takes them to, and nothing ' +
      'else puts events into it.',
    remedy: 'name the queue that its events are taken to, or one that was made without --kind wal',
  },
  CHECK_QUEUE_MISSING: {
    severity: 'blocks',
    meaning: 'The database has no such queue.',
    remedy: 'run sluice queue create {queue} --db {database}, or name another one',
  },
  CHECK_QUEUE_ORIGINAL: {
    severity: 'blocks',
    meaning: 'The database has the original pgq, which knows nothing of queues in the WAL.',
    remedy:
      'run sluice queue install --db {database}: it takes over the original with all that is in it',
  },
  CHECK_QUEUE_READER: {
    severity: 'blocks',
    meaning: 'The user may not read queues as a consumer.',
    remedy: 'run GRANT pgq_reader TO {user}',
  },
  CHECK_QUEUE_SCHEMA: {
    severity: 'blocks',
    meaning: 'The database has no schema pgq: no queues.',
    remedy: 'run sluice queue install --db {database}',
  },
  CHECK_QUEUE_SCHEMA_NEWER: {
    severity: 'warns',
    meaning: 'A newer Sluice has installed schema pgq: what this one calls may have changed.',
    remedy: 'run the Sluice that installed it, or a newer one',
  },
  CHECK_QUEUE_SCHEMA_OLDER: {
    severity: 'warns',
    meaning: 'An older Sluice has installed schema pgq: what this one calls may not be there yet.',
    remedy: 'run sluice queue install --db {database}',
  },
  CHECK_QUEUE_STANDBY: {
    severity: 'blocks',
    meaning: 'The database is a standby: no tick, no position and no event can be kept there.',
    remedy: 'connect to the primary',
  },
  CHECK_QUEUE_TICKER: {
    severity: 'warns',
    meaning:
      'Another process ticks the queues of this database. When it is this `sluice run`, that is as it should be; another ' +
      'one of ours stands by; pgqd ticks as well, which does no harm and is of no use.',
    remedy: 'stop the other one, or nothing, if it is meant so',
  },
  CHECK_QUEUE_TRACKING: {
    severity: 'blocks',
    meaning:
      'The target has no schema pgq_ext, where consumers keep their position with their rows.',
    remedy: 'run sluice queue install --tracking --db {database}',
  },
  CHECK_QUEUE_WAL_CREATE: {
    severity: 'blocks',
    meaning:
      'The user may not make what following a queue in the WAL needs: a publication in the source, schema sluice in the target.',
    remedy: 'run GRANT CREATE ON DATABASE {database} TO {user}',
  },
  CHECK_QUEUE_WAL_ENCODING: {
    severity: 'blocks',
    meaning: 'The target of a queue in the WAL cannot hold every text.',
    remedy: 'choose a target whose encoding is UTF8',
  },
  CHECK_QUEUE_WAL_LEVEL: {
    severity: 'blocks',
    meaning: 'The WAL of the source has no messages that could be read: the queue takes no events.',
    remedy: 'set wal_level = logical on the source and restart it',
  },
  CHECK_QUEUE_WAL_LOST: {
    severity: 'blocks',
    meaning:
      'The source no longer has events that the target has not got, or the target is not the one that it was.',
    remedy: registry.QUEUE_WAL_LOST.remedy,
  },
  CHECK_QUEUE_WAL_NOT: {
    severity: 'blocks',
    meaning: 'The queue keeps its events in tables: there is nothing of it in the WAL.',
    remedy: 'take [queue.wal.{queue}] away, or name a queue that was made with --kind wal',
  },
  CHECK_QUEUE_WAL_REPLICATION: {
    severity: 'blocks',
    meaning: 'The user may not open replication connections to the source.',
    remedy: 'run ALTER ROLE {user} REPLICATION (on Amazon RDS: GRANT rds_replication TO {user})',
  },
  CHECK_QUEUE_WAL_SLOTS: {
    severity: 'blocks',
    meaning:
      'The source has no replication slot or no WAL sender left; a queue in the WAL needs one of each.',
    remedy:
      'raise max_replication_slots and max_wal_senders on the source (restart), or drop slots nobody uses',
  },
  CHECK_QUEUE_WAL_TAKEN: {
    severity: 'blocks',
    meaning: 'The events of the queue go to another database.',
    remedy: registry.QUEUE_WAL_TAKEN.remedy,
  },
  CHECK_QUEUE_WRITER: {
    severity: 'blocks',
    meaning: 'The user may not insert events, or may not keep positions in schema pgq_ext.',
    remedy: 'run GRANT pgq_writer TO {user}',
  },
} as const satisfies FindingSpecs;

export const findQueueProblem = findingsOf(queueFindingSpecs);
