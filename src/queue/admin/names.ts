import { SluiceError } from '../../errors/index.ts';

/** What PostgreSQL takes of a name: slots, channels and functions are called after queues. */
const maxBytes = 63;

/** @throws QUEUE_NAME */
export function requireName(thing: 'queue' | 'consumer', name: string): void {
  const problem = problemOf(name);
  if (problem === undefined) return;
  throw new SluiceError('QUEUE_NAME', { name: JSON.stringify(name), thing, problem });
}

function problemOf(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (/\p{Cc}/u.test(name)) return 'it has control characters';
  const bytes = Buffer.byteLength(name);
  return bytes > maxBytes ? `it has ${bytes} bytes` : undefined;
}
