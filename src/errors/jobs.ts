import type { ErrorSpecs } from './spec.ts';

export const jobsErrors = {} as const satisfies ErrorSpecs;
