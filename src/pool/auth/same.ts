import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares in a time that tells neither where two texts differ nor how long they are. */
export function isSame(a: string | Buffer, b: string | Buffer): boolean {
  return timingSafeEqual(sha256(a), sha256(b));
}

function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}
