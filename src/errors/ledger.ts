import type { ErrorSpecs } from './spec.ts';

export const ledgerErrors = {} as const satisfies ErrorSpecs;
