import { displayName, type ColumnDifferenceKind } from '../../catalog/index.ts';
import { defineCheck } from './define.ts';

const codes = {
  missing: 'CHECK_COLUMN_MISSING',
  required: 'CHECK_COLUMN_REQUIRED',
  type: 'CHECK_COLUMN_TYPE',
  wider: 'CHECK_COLUMN_WIDER',
  generated: 'CHECK_COLUMN_GENERATED',
  labels: 'CHECK_ENUM_LABELS',
  nullable: 'CHECK_COLUMN_NOT_NULL',
} as const satisfies Record<ColumnDifferenceKind, string>;

export const columns = defineCheck(
  {
    CHECK_COLUMN_MISSING: {
      severity: 'blocks',
      meaning: 'The target lacks a column: its values would be lost.',
      remedy: 'add the column to the target',
    },
    CHECK_COLUMN_REQUIRED: {
      severity: 'blocks',
      meaning:
        'The target has a NOT NULL column without a default that the source knows nothing of.',
      remedy: 'give the column a default on the target, or DROP NOT NULL',
    },
    CHECK_COLUMN_TYPE: {
      severity: 'blocks',
      meaning: 'The types of a column differ, and not every value of the source fits the target.',
      remedy: "alter the target's column to the source's type",
    },
    CHECK_COLUMN_WIDER: {
      severity: 'warns',
      meaning:
        'The types of a column differ; every value of the source fits. It travels as text, which is slower.',
      remedy: 'nothing, if it is meant so',
    },
    CHECK_COLUMN_GENERATED: {
      severity: 'blocks',
      meaning:
        'A column is generated on one side only. Generated values are not in the stream, and a generated column cannot be written.',
      remedy: 'make the column the same on both sides',
    },
    CHECK_ENUM_LABELS: {
      severity: 'blocks',
      meaning: "The target's enum lacks labels that rows of the source may hold.",
      remedy: 'run ALTER TYPE ... ADD VALUE on the target',
    },
    CHECK_COLUMN_NOT_NULL: {
      severity: 'blocks',
      meaning: 'A column may be NULL on the source and not on the target.',
      remedy: 'DROP NOT NULL on the target, or SET NOT NULL on the source',
    },
  },
  ({ tables }, report) => {
    for (const { source, comparison } of tables) {
      for (const { kind, column, evidence } of comparison?.differences ?? []) {
        report(codes[kind], `${displayName(source)}.${column}`, evidence);
      }
    }
  },
);
