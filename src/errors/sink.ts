import type { ErrorSpecs } from './spec.ts';

export const sinkErrors = {} as const satisfies ErrorSpecs;
