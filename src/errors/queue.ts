import type { ErrorSpecs } from './spec.ts';

export const queueErrors = {
  QUEUE_ADOPT_DEPENDENTS: {
    decision: 'fix',
    message: 'the original pgq cannot be taken over: {evidence}',
    remedy: 'drop what hangs on it (a view of your own, most likely), install, and make it anew',
  },
  QUEUE_BATCH_TAKEN: {
    decision: 'retry',
    message: 'batch {batch} of {queue}/{consumer} was finished or moved by somebody else',
    remedy: 'look for another process of this name; what was done here is rolled back',
  },
  QUEUE_CONSUMER_OPTIONS: {
    decision: 'fix',
    message: 'consumer {consumer}: {problem}',
    remedy: 'correct what is given to consumer()',
  },
  QUEUE_CONSUMER_UNKNOWN: {
    decision: 'fix',
    message: 'queue {queue} has no consumer {consumer}',
    remedy: 'see who there is: sluice queue status {queue} --db URL',
  },
  QUEUE_EVENT_INVALID: {
    decision: 'fix',
    message: 'an event of type {type} is none for {queue}: {problem}',
    remedy: 'correct its data, or the schema that producers and consumers share',
  },
  QUEUE_EVENT_NOT_A_ROW: {
    decision: 'fix',
    message: 'the event is no row of logutriga or jsontriga',
    remedy:
      'look at its type and data (sluice queue tail): decodeRow is for triggers that leave ev_type and ev_data as they are',
  },
  QUEUE_FEATURE_MISSING: {
    decision: 'fix',
    message: 'consumer {consumer}: {feature} needs {needed} in {database}',
    remedy:
      'install it there: sluice queue install --db URL; schema pgq_ext alone: sluice queue install --tracking --db URL',
  },
  QUEUE_HANDLER_STATEMENT: {
    decision: 'fix',
    message:
      'the handler of {queue}/{consumer} went on after a statement of its transaction had failed',
    remedy: 'let the error out of the handler, or use a savepoint around what may fail',
  },
  QUEUE_HANDLER_TIMEOUT: {
    decision: 'retry',
    message: 'the handler of {queue}/{consumer} took longer than {timeoutMs} ms',
    remedy: 'make it faster, or raise timeoutMs',
  },
  QUEUE_HANDLER_TRANSACTION: {
    decision: 'fix',
    message: 'the handler of {queue}/{consumer} ended the transaction that was handed to it',
    remedy: 'take COMMIT and ROLLBACK out of it: the transaction ends with the batch',
  },
  QUEUE_HAS_CONSUMERS: {
    decision: 'fix',
    message: 'queue {queue} has consumers: {consumers}',
    remedy:
      'remove them first (sluice queue unregister), or drop it with --force: what they have not read is lost',
  },
  QUEUE_INSTALL_BUSY: {
    decision: 'retry',
    message:
      'a transaction that uses the queues did not end within {waitedMs} ms; nothing was changed',
    remedy: 'end long transactions of consumers (pg_stat_activity shows them), then install again',
  },
  QUEUE_INSTALL_RIGHTS: {
    decision: 'fix',
    message: 'schema pgq cannot be installed: {reason}',
    remedy:
      'install as its owner, or as a superuser; to print the statements: sluice queue install --print',
  },
  QUEUE_MODULE: {
    decision: 'fix',
    message: 'no consumers in {file}: {problem}',
    remedy: 'let it export one as its default: what consumer() of sluice/queue returns',
  },
  QUEUE_MODULE_LOAD: {
    decision: 'fix',
    message: '{file} does not load: {problem}',
    remedy: 'correct it, and install what it imports (npm install); node {file} shows the place',
  },
  QUEUE_MODULE_MISSING: {
    decision: 'fix',
    message: 'there is no file {file} in {folder}',
    remedy: 'give the path of a module, as in ./mailer.ts',
  },
  QUEUE_INSERT_FEATURE: {
    decision: 'fix',
    message:
      "events for a time to come, and unique ones, need Sluice's schema pgq; {queue} is in another",
    remedy: 'take it over: sluice queue install --db URL',
  },
  QUEUE_INSERT_OPTIONS: {
    decision: 'fix',
    message: 'an event for {queue} cannot be both unique and for a time to come',
    remedy: 'give either `at` or `unique`',
  },
  QUEUE_NAME: {
    decision: 'fix',
    message: '{name} cannot name a {thing}: {problem}',
    remedy: 'give 1 to 63 bytes, without control characters',
  },
  QUEUE_NOT_FOUND: {
    decision: 'fix',
    message: 'there is no queue {queue} in {database}',
    remedy: 'create it: sluice queue create {queue} --db URL',
  },
  QUEUE_NOT_INSTALLED: {
    decision: 'fix',
    message: 'database {database} has no schema pgq',
    remedy: 'install it: sluice queue install --db URL',
  },
  QUEUE_ORIGINAL: {
    decision: 'fix',
    message: 'the original pgq of {database} has no {feature}',
    remedy: 'run sluice queue install --db URL: it takes over the original with all that is in it',
  },
  QUEUE_POSITION_LOST: {
    decision: 'stop',
    message: 'consumer {consumer}: {queue} is at {source}, the target at {target}',
    remedy:
      'one of the databases is not the one it was (a backup?): find out which events the target has, then register the consumer at that tick',
  },
  QUEUE_REFUSED: {
    decision: 'fix',
    message: 'schema pgq of {database} refuses this: {reason}',
    remedy: 'correct what was given; what there is: sluice queue status --db URL',
  },
  QUEUE_RIGHTS: {
    decision: 'fix',
    message: 'user {user} lacks rights in {database}: {reason}',
    remedy: 'run GRANT {group} TO {user}',
  },
  QUEUE_SCHEDULE: {
    decision: 'fix',
    message: 'schedule {schedule} means nothing: {problem}',
    remedy: 'give five fields of cron, as in "*/5 * * * *", and a time zone as in Europe/Tallinn',
  },
  QUEUE_SCHEMA_NEWER: {
    decision: 'fix',
    message: 'schema pgq has migration {found}, this program knows {known}',
    remedy: 'run the Sluice that wrote it, or a newer one',
  },
  QUEUE_SETTING: {
    decision: 'fix',
    message: 'a queue has no setting {setting}',
    remedy: 'there are: {known}',
  },
  QUEUE_SETTING_VALUE: {
    decision: 'fix',
    message: 'queue {queue}: {setting} cannot be {value}',
    remedy: 'give {expected}',
  },
  QUEUE_TICK_UNKNOWN: {
    decision: 'fix',
    message: 'queue {queue} has no tick {tick}: its ticks are between {first} and {last}',
    remedy: 'give one of these, or the name of a consumer that is there: --like CONSUMER',
  },
  QUEUE_WAL_CONSUMER: {
    decision: 'fix',
    message: 'queue {queue} lives in the WAL, and has no consumers here',
    remedy: 'register in the database that gets its events: target of [queue.wal.{queue}]',
  },
  QUEUE_WAL_LOST: {
    decision: 'resync',
    message: 'events of queue {queue} may be lost on their way to the target: {reason}',
    remedy:
      'find out what the target has; then drop the queue (sluice queue drop {queue} --force) and create it again, and insert what is missing',
  },
  QUEUE_WAL_NONE: {
    decision: 'fix',
    message: 'the source has no queue {queue} that lives in the WAL',
    remedy: 'create it: sluice queue create {queue} --kind wal --db URL',
  },
  QUEUE_WAL_RUNNING: {
    decision: 'fix',
    message: 'queue {queue} is followed by a process just now',
    remedy: 'stop that one (sluice run with [queue.wal.{queue}]) first',
  },
  QUEUE_WAL_TAKEN: {
    decision: 'fix',
    message: 'the events of queue {queue} go to {recorded}, not to {target}',
    remedy: 'take them from there, or drop the queue and create it again',
  },
  QUEUE_WAL_TARGET: {
    decision: 'fix',
    message: 'the events of queue {queue} cannot go to that target: {problem}',
    remedy: 'give another target, or another target queue',
  },
} as const satisfies ErrorSpecs;
