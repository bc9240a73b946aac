import type { ErrorSpecs } from './spec.ts';

export const catalogErrors = {} as const satisfies ErrorSpecs;
