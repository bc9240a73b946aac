/**
 * Gives memory that nobody reads any more back at once, with all that shares its ArrayBuffer. Left to the garbage
 * collector, the buffers of a stream make it look through everything every few dozen megabytes: up to half of what
 * the stream costs this process.
 *
 * Only for memory of its own (Buffer.allocUnsafeSlow, or as a socket read it): never a piece of Node's pool.
 */
export function freeMemory({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
