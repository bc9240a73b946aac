import type { Finding } from '../../service/index.ts';
import { defineCheck } from './define.ts';

const oldestMajor = 15;

interface Majors {
  readonly source: number;
  readonly target: number;
}

/** Looks at the versions alone: an old server does not know the catalogs that the other facts come from. */
export function checkMajors(majors: Majors): Finding[] {
  return tooOld.run(majors);
}

const tooOld = defineCheck(
  {
    CHECK_VERSION: {
      severity: 'blocks',
      meaning: `The server is older than PostgreSQL ${oldestMajor}.`,
      remedy: 'upgrade the server',
    },
  },
  (majors: Majors, report) => {
    for (const side of ['source', 'target'] as const) {
      if (majors[side] < oldestMajor) report('CHECK_VERSION', side, `PostgreSQL ${majors[side]}`);
    }
  },
);

export const versions = defineCheck(
  {
    ...tooOld.specs,
    CHECK_VERSION_OLDER: {
      severity: 'warns',
      meaning: 'The target is an older major than the source: not every value exists there.',
      remedy: 'nothing, if it is meant so; a value that the target refuses stops the pipeline',
    },
  },
  ({ source, target }, report) => {
    const [from, to] = [source.database.major, target.database.major];
    if (to < from) {
      report('CHECK_VERSION_OLDER', 'target', `PostgreSQL ${to}, the source is ${from}`);
    }
  },
);
