import { expect, test } from 'vitest';
import {
  byteSize,
  duration,
  formatByteSize,
  formatDuration,
  parseByteSize,
  parseDuration,
  serviceSchema,
} from '../../src/service/index.ts';

test.each([
  ['64MB', 64 * 1024 ** 2],
  ['1.5 gb', 1.5 * 1024 ** 3],
  ['0B', 0],
  ['2TB', 2 * 1024 ** 4],
  ['10', undefined],
  ['GB', undefined],
  ['-1MB', undefined],
  ['1MiB', undefined],
])('the size %s is %s bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KB'],
  [1536 * 1024, '1.5 MB'],
  [2 * 1024 ** 4, '2 TB'],
])('%s bytes are shown as %s', (bytes, text) => {
  expect(formatByteSize(bytes)).toBe(text);
});

test.each([
  ['30s', 30],
  ['500ms', 0.5],
  ['1.5 min', 90],
  ['2h', 7200],
  ['1d', 86_400],
  ['0s', 0],
  ['30', undefined],
  ['-1s', undefined],
  ['5m', undefined],
])('the duration %s is %s seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  [0, '0s'],
  [0.25, '250ms'],
  [90, '90s'],
  [3600, '1h'],
  [0.0001, '0.0001s'],
  [12_345.678, '12345678ms'],
])('%s seconds are written %s, and read back', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
  expect(parseDuration(text)).toBe(seconds);
});

test('what is no duration says what one looks like', () => {
  expect(duration().safeParse('soon').error?.issues[0]?.message).toBe(
    'expected a duration such as "30s" or "5min", got "soon"',
  );
});

test('a size out of range says the range', () => {
  const schema = byteSize({ minBytes: 1024 ** 2 });
  expect(schema.parse('1MB')).toBe(1024 ** 2);
  expect(schema.safeParse('1KB').error?.issues[0]?.message).toBe(
    'expected a size such as "64MB" or "20GB", at least 1 MB, got "1KB"',
  );
});

test('the service section works empty and refuses an address that is none', () => {
  expect(serviceSchema.parse({})).toEqual({ log_level: 'info' });
  expect(serviceSchema.safeParse({ status_listen: 'nine' }).success).toBe(false);
});
