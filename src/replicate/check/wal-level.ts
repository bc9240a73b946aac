import { defineCheck } from './define.ts';

export const walLevel = defineCheck(
  {
    CHECK_WAL_LEVEL: {
      severity: 'blocks',
      meaning: "The source's WAL does not say which rows changed, so it cannot be followed.",
      remedy: 'set wal_level = logical on the source and restart it',
    },
  },
  ({ source }, report) => {
    const { walLevel } = source.database;
    if (walLevel !== 'logical') {
      report('CHECK_WAL_LEVEL', 'source', `wal_level is ${walLevel}, expected logical`);
    }
  },
);
