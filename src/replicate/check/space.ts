import { defineCheck } from './define.ts';
import { countOf, describeBytes } from './describe.ts';

export const space = defineCheck(
  {
    CHECK_SPACE: {
      severity: 'blocks',
      meaning: 'What is to be copied does not fit where the target keeps its data.',
      remedy: 'make {missing} of room on the target, or leave large tables out',
    },
    CHECK_SPACE_UNSEEN: {
      severity: 'warns',
      meaning: "The target's free space cannot be seen from here.",
      remedy: 'see that the target has {needed} free, and its WAL comes on top',
    },
  },
  ({ tables, targetFreeBytes }, report) => {
    const missing = tables.filter(({ state }) => state === null);
    const bytes = missing.reduce((sum, { source }) => sum + source.totalBytes, 0);
    const needed = describeBytes(bytes);
    const evidence = `${countOf(missing.length, 'table')} to copy: ${needed} with indexes on the source`;
    if (targetFreeBytes === null) {
      if (bytes >= 2 ** 30) report('CHECK_SPACE_UNSEEN', 'target', evidence, { needed });
    } else if (bytes > targetFreeBytes) {
      const free = `${evidence}; ${describeBytes(targetFreeBytes)} are free`;
      const room = describeBytes(bytes - targetFreeBytes);
      report('CHECK_SPACE', 'target', free, { missing: room });
    }
  },
);
