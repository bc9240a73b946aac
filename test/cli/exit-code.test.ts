import { expect, test } from 'vitest';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { ServerError, SluiceError } from '../../src/errors/index.ts';

const usage = new SluiceError('COMMAND_USAGE', { problem: 'x', command: 'y' });
const stop = new SluiceError('LEDGER_FENCED', { pipeline: 'x' });
const server = new ServerError({ severity: 'ERROR', sqlstate: '42501', message: 'no' });

test('0 done, 1 failed, 2 wrong usage, 3 stopped by a promise', () => {
  expect(exitCodeOf(new TypeError('x'))).toBe(1);
  expect(exitCodeOf(server)).toBe(1);
  expect(exitCodeOf(usage)).toBe(2);
  expect(exitCodeOf(stop)).toBe(3);
});

test('of several errors, a promise weighs most', () => {
  expect(exitCodeOf(new AggregateError([server, stop, server]))).toBe(3);
});
