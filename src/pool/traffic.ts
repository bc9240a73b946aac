import { counterNames, type CounterName, type Counters } from './counters.ts';

/** Upper bounds in microseconds, 2 times apart: 64 us to 134 s; the last bucket is everything above. */
export const latencyBoundsUs = Array.from({ length: 22 }, (_, i) => 64 * 2 ** i);

/** How often something took how long. Adding costs a logarithm and no allocation. */
export class LatencyHistogram {
  readonly counts = new Float64Array(latencyBoundsUs.length + 1);
  sumUs = 0;

  add(us: number): void {
    this.sumUs += us;
    const bucket = us <= 64 ? 0 : Math.min(32 - Math.clz32((us - 1) >> 6), latencyBoundsUs.length);
    this.counts[bucket]! += 1;
  }
}

/** What went through a pool since it began. Times are microseconds; names are those of SHOW STATS. */
export class Traffic implements Record<CounterName, number> {
  serverAssignments = 0;
  transactions = 0;
  queries = 0;
  received = 0;
  sent = 0;
  transactionUs = 0;
  queryUs = 0;
  waitUs = 0;
  clientParses = 0;
  serverParses = 0;
  binds = 0;
  clientLogins = 0;
  readonly waits = new LatencyHistogram();
  readonly queryTimes = new LatencyHistogram();
  readonly transactionTimes = new LatencyHistogram();

  /** Takes over what `other` has counted; its histograms end with it. */
  add(other: Counters): void {
    for (const name of counterNames) this[name] += other[name];
  }
}

/** Microseconds of a clock that never goes back; fractions. */
export function nowUs(): number {
  return performance.now() * 1000;
}

/** How long ago that was, for another process; 0 stays 0: it has not been. */
export function ageOf(us: number): number {
  return us === 0 ? 0 : nowUs() - us;
}

/** When that was, by the clock of this process. */
export function momentOf(ageUs: number): number {
  return ageUs === 0 ? 0 : nowUs() - ageUs;
}
