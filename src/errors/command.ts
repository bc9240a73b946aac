import type { ErrorSpecs } from './spec.ts';

export const commandErrors = {} as const satisfies ErrorSpecs;
