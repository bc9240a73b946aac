import { expect, test } from 'vitest';
import {
  countCells,
  fitCells,
  formatCount,
  formatDuration,
} from '../../../src/cli/progress/text.ts';

test.each([
  [0, '0'],
  [1234567, '1,234,567'],
  [12345678, '12.3 M'],
  [3.2e9, '3.2 G'],
])('%s is counted as %s', (count, text) => {
  expect(formatCount(count)).toBe(text);
});

test.each([
  [350, '350 ms'],
  [4200, '4.2 s'],
  [59_400, '59 s'],
  [59_900, '1 min 00 s'],
  [125_000, '2 min 05 s'],
  [11_220_000, '3 h 07 min'],
])('%s ms last %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  ['orders', 6, 'orders'],
  ['orders', 5, 'orde…'],
  ['顧客表', 6, '顧客表'],
  ['顧客表', 5, '顧客…'],
  ['a\u0301bc', 3, 'a\u0301bc'],
])('%s in %i columns is %s', (text, cells, fitted) => {
  expect(fitCells(text, cells)).toBe(fitted);
  expect(countCells(fitted)).toBeLessThanOrEqual(cells);
});
