import type { ErrorSpecs } from './spec.ts';

export const catalogErrors = {
  CATALOG_PATTERN: {
    decision: 'fix',
    message: 'table pattern {pattern} cannot be read: {problem}',
    remedy: 'write it like public.*, !public.audit_* or "My Schema"."My Table"',
  },
} as const satisfies ErrorSpecs;
