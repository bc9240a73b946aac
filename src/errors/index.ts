export { SluiceError, isSluiceError } from './error.ts';
export { registry } from './registry.ts';
export { ServerError } from './server-error.ts';

export type { ErrorCode, ErrorDetails } from './registry.ts';
export type { ServerMessageFields } from './server-error.ts';
export type { Decision, ErrorSpec } from './spec.ts';
