import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ReadPace } from '../../src/session/read-pace.ts';

/** Reads of so many bytes, so many milliseconds apart; whether any was one too many. */
function read(bytes: number, everyMs: number): boolean {
  const pace = new ReadPace();
  let received = 0;
  let isHurried = false;
  for (let i = 0; i < 50; i++) {
    received += bytes;
    vi.advanceTimersByTime(everyMs);
    isHurried ||= pace.isHurried(received);
  }
  return isHurried;
}

describe('the pace of reading', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('is too hurried when many reads in a millisecond bring little', () => {
    expect(read(100, 0)).toBe(true);
  });

  test('is fine when reads are rare, or large', () => {
    expect(read(100, 2)).toBe(false);
    expect(read(64 * 1024, 0)).toBe(false);
  });
});
