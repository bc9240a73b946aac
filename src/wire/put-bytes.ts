/**
 * Copies up to this length are a loop, longer ones a call into the engine: bench/wire/put-bytes.bench.ts
 * shows where the two meet.
 */
const loopedBytes = 32;

/** Copies `from[start, end)` to `to` at `at`. The caller has made room. */
export function putBytes(to: Buffer, at: number, from: Buffer, start: number, end: number): void {
  if (end - start > loopedBytes) {
    from.copy(to, at, start, end);
    return;
  }
  let target = at;
  for (let i = start; i < end; i++) to[target++] = from[i]!;
}
