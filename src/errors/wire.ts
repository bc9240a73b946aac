import type { ErrorSpecs } from './spec.ts';

export const wireErrors = {
  PROTO_TRUNCATED: {
    decision: 'reconnect',
    message: '{what} ends early: {needed} bytes needed, {left} left',
    remedy: 'reconnect; if it repeats, something between us and the server alters the bytes',
  },
} as const satisfies ErrorSpecs;
