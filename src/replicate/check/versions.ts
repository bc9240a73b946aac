import { defineCheck } from './define.ts';

const oldestMajor = 15;

export const versions = defineCheck(
  {
    CHECK_VERSION: {
      severity: 'blocks',
      meaning: `The server is older than PostgreSQL ${oldestMajor}.`,
      remedy: 'upgrade the server',
    },
    CHECK_VERSION_OLDER: {
      severity: 'warns',
      meaning: 'The target is an older major than the source: not every value exists there.',
      remedy: 'nothing, if it is meant so; a value that the target refuses stops the pipeline',
    },
  },
  (facts, report) => {
    const [source, target] = [facts.source.database.major, facts.target.database.major];
    for (const [subject, major] of [
      ['source', source],
      ['target', target],
    ] as const) {
      if (major < oldestMajor) report('CHECK_VERSION', subject, `PostgreSQL ${major}`);
    }
    if (target < source) {
      report('CHECK_VERSION_OLDER', 'target', `PostgreSQL ${target}, the source is ${source}`);
    }
  },
);
