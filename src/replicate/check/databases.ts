import type { Database } from '../../catalog/index.ts';
import type { Finding } from '../../service/index.ts';
import { defineCheck } from './define.ts';

interface Sides {
  readonly source: Database;
  readonly target: Database;
}

/** Looks at this alone: most of what else would be found only follows from it. */
export function checkSameDatabase(sides: Sides): Finding[] {
  return sameDatabase.run(sides);
}

const sameDatabase = defineCheck(
  {
    CHECK_SAME_DATABASE: {
      severity: 'blocks',
      meaning:
        'Source and target are the same database: every change would return as a change. Nothing else was looked at.',
      remedy: 'look at the two connection strings',
    },
  },
  ({ source, target }: Sides, report) => {
    const isSameServer =
      source.systemId === target.systemId &&
      source.startedAtUs === target.startedAtUs &&
      source.port === target.port;
    if (isSameServer && source.oid === target.oid) {
      report('CHECK_SAME_DATABASE', 'target', `both are ${source.name} on port ${source.port}`);
    }
  },
);

export const databases = defineCheck(
  {
    ...sameDatabase.specs,
    CHECK_TARGET_READ_ONLY: {
      severity: 'blocks',
      meaning: 'The target does not accept writes.',
      remedy: 'connect to the primary, with transactions that may write',
    },
    CHECK_SOURCE_STANDBY: {
      severity: 'blocks',
      meaning: 'The source is a standby: publications can only be made on its primary.',
      remedy: 'connect to the primary',
    },
    CHECK_ENCODING: {
      severity: 'warns',
      meaning:
        'The encodings differ: a character that does not exist on the target, or bytes that are none in SQL_ASCII, stop the pipeline.',
      remedy: "create the target database with the source's encoding, best UTF8",
    },
  },
  (facts, report) => {
    const [source, target] = [facts.source.database, facts.target.database];
    if (target.isStandby) report('CHECK_TARGET_READ_ONLY', 'target', 'it is a standby');
    else if (target.isReadOnly) {
      report('CHECK_TARGET_READ_ONLY', 'target', 'transactions are read-only there');
    }
    if (source.isStandby) report('CHECK_SOURCE_STANDBY', 'source', 'it is a standby');
    if (source.encoding !== target.encoding) {
      report('CHECK_ENCODING', 'target', `source ${source.encoding}, target ${target.encoding}`);
    }
  },
);
