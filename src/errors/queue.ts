import type { ErrorSpecs } from './spec.ts';

export const queueErrors = {
  QUEUE_NOT_INSTALLED: {
    decision: 'fix',
    message: 'database {database} has no schema pgq',
    remedy: 'install it: sluice queue install --db {database}',
  },
} as const satisfies ErrorSpecs;
