import type { ErrorSpecs } from './spec.ts';

export const queueErrors = {} as const satisfies ErrorSpecs;
