import type { ErrorSpecs } from './spec.ts';

export const replicateErrors = {} as const satisfies ErrorSpecs;
