import { expect, test } from 'vitest';
import { isAtLeast } from '../../bin/node-version.ts';

test.each([
  ['24.11.0', true],
  ['24.9.9', false],
  ['20.20.2', false],
  ['26.0.0', true],
])('Node %s is new enough for 24.11: %s', (version, isEnough) => {
  expect(isAtLeast(version, '24.11')).toBe(isEnough);
});
