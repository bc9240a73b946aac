/**
 * Copies up to this length are a loop, longer ones a call into the engine, which costs some 30 ns at any
 * length: bench/wire/wire-put-bytes.bench.ts shows that the two meet at 40 to 50 bytes.
 */
export const loopedBytes = 40;

/** Copies `from[start, end)` to `to` at `at`. The caller has made room. */
export function putBytes(to: Buffer, at: number, from: Buffer, start: number, end: number): void {
  if (end - start > loopedBytes) {
    from.copy(to, at, start, end);
    return;
  }
  let target = at;
  for (let i = start; i < end; i++) to[target++] = from[i]!;
}
