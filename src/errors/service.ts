import type { ErrorSpecs } from './spec.ts';

export const serviceErrors = {} as const satisfies ErrorSpecs;
