import type { ErrorSpecs } from './spec.ts';

export const streamErrors = {} as const satisfies ErrorSpecs;
