import { displayName, type UncoveredObject } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';
import { countOf, listNames } from './describe.ts';

const codes = {
  'unlogged table': 'CHECK_UNLOGGED',
  'materialized view': 'CHECK_MATERIALIZED_VIEWS',
  'foreign table': 'CHECK_FOREIGN_TABLES',
  'extension table': 'CHECK_EXTENSION_TABLES',
} as const satisfies Record<UncoveredObject['kind'], string>;

/** What the movement of tables does not carry; one finding a kind. */
export const uncovered = defineCheck(
  {
    CHECK_UNLOGGED: {
      severity: 'warns',
      meaning: 'Unlogged tables leave no trace in the WAL: they are neither copied nor followed.',
      remedy: 'run ALTER TABLE ... SET LOGGED on the source if their rows matter',
    },
    CHECK_MATERIALIZED_VIEWS: {
      severity: 'warns',
      meaning: 'Materialized views are not filled.',
      remedy: 'run REFRESH MATERIALIZED VIEW on the target before you switch over',
    },
    CHECK_FOREIGN_TABLES: {
      severity: 'warns',
      meaning: 'Rows of foreign tables live elsewhere and are not moved.',
      remedy: "see that the target's foreign servers reach them",
    },
    CHECK_EXTENSION_TABLES: {
      severity: 'warns',
      meaning: 'Tables that extensions keep rows of yours in are not moved.',
      remedy: 'carry their rows over yourself (pg_dump includes them)',
    },
    CHECK_LARGE_OBJECTS: {
      severity: 'warns',
      meaning: 'Large objects are not moved; columns that hold their numbers are.',
      remedy: 'carry them over yourself (pg_dump --large-objects), or move them into bytea columns',
    },
    CHECK_SEQUENCES: {
      severity: 'warns',
      meaning: "Sequences' values are not in the stream: the target's stay where they are.",
      remedy: 'set them on the target (setval) before you switch over',
    },
  },
  (facts, report) => {
    for (const [kind, objects] of Map.groupBy(facts.uncovered, (object) => object.kind)) {
      const names = listNames(objects.map(displayName));
      report(codes[kind], 'source', `${countOf(objects.length, kind)}: ${names}`);
    }
    if (facts.largeObjects > 0) {
      report('CHECK_LARGE_OBJECTS', 'source', countOf(facts.largeObjects, 'large object'));
    }
    if (facts.sequences.length > 0) {
      const names = listNames(facts.sequences.map(displayName));
      report(
        'CHECK_SEQUENCES',
        'source',
        `${countOf(facts.sequences.length, 'sequence')}: ${names}`,
      );
    }
  },
);
