import { defineCheck } from './define.ts';

export const selection = defineCheck(
  {
    CHECK_NO_TABLES: {
      severity: 'blocks',
      meaning: 'No table of the source is chosen.',
      remedy: 'name tables that exist',
    },
    CHECK_PATTERN: {
      severity: 'warns',
      meaning: 'A pattern matches no table of the source.',
      remedy: 'correct it, or remove it',
    },
  },
  ({ tables, unmatchedPatterns }, report) => {
    if (tables.length === 0) {
      const chosen = unmatchedPatterns.map((pattern) => `nothing matches ${pattern}`).join(', ');
      report('CHECK_NO_TABLES', 'source', chosen || 'it has no table that is not left out');
    }
    const patterns = tables.length === 0 ? [] : unmatchedPatterns;
    for (const pattern of patterns) {
      report('CHECK_PATTERN', `pattern ${pattern}`, 'no such table on the source');
    }
  },
);
