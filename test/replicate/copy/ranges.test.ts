import { describe, expect, it } from 'vitest';
import { cutRanges, rangeBytesFor } from '../../../src/replicate/copy/ranges.ts';

describe('ranges of a heap', () => {
  it('cover every block once, the last to wherever the end is', () => {
    for (const blocks of [0, 1, 2, 3, 7, 10, 99, 100, 101]) {
      for (const rangeBytes of [1, 8192, 20_000, 1_000_000_000]) {
        const ranges = cutRanges({ blocks, bytes: blocks * 8192 }, rangeBytes, 2);
        expect(ranges[0]?.firstBlock).toBe(0);
        expect(ranges.at(-1)?.endBlock).toBeNull();
        ranges.slice(1).forEach((range, i) => {
          expect(range.rangeNo).toBe(i + 1);
          expect(range.firstBlock).toBe(ranges[i]?.endBlock);
          expect(range.firstBlock).toBeLessThan(blocks);
        });
      }
    }
  });

  it('count TOAST, since a few blocks can lead to gigabytes', () => {
    expect(cutRanges({ blocks: 10, bytes: 1000 }, 100, 1)).toHaveLength(10);
    expect(cutRanges({ blocks: 10, bytes: 80_000 }, 40_000, 2)).toHaveLength(2);
  });

  it('are smaller at the end, so that the jobs end together', () => {
    const ranges = cutRanges({ blocks: 1000, bytes: 1000 }, 100, 2);
    const starts = ranges.map(({ firstBlock }) => firstBlock);
    expect(starts).toEqual([
      0, 100, 200, 300, 400, 500, 600, 700, 800, 825, 850, 875, 900, 925, 950, 975,
    ]);
  });

  it('give every job several, within bounds', () => {
    const MiB = 1024 * 1024;
    expect(rangeBytesFor({ blocks: 1, bytes: 10 * MiB }, 4)).toBe(32 * MiB);
    expect(rangeBytesFor({ blocks: 1, bytes: 3200 * MiB }, 4)).toBe(100 * MiB);
    expect(rangeBytesFor({ blocks: 1, bytes: 1e12 }, 4)).toBe(128 * MiB);
  });
});
