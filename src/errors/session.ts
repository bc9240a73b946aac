import type { ErrorSpecs } from './spec.ts';

export const sessionErrors = {
  SERVER_ERROR: {
    decision: 'fix',
    message: 'the server answered {sqlstate}: {message}',
    remedy: 'see the SQLSTATE in the PostgreSQL manual, appendix A',
  },
} as const satisfies ErrorSpecs;
