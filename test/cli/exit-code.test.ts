import { expect, test } from 'vitest';
import { exitCodeOf, exitCodeOfFindings } from '../../src/cli/exit-code.ts';
import { ServerError, SluiceError } from '../../src/errors/index.ts';

const usage = new SluiceError('COMMAND_USAGE', { problem: 'x', command: 'y' });
const stop = new SluiceError('LEDGER_FENCED', { pipeline: 'x' });
const resync = new SluiceError('LEDGER_SLOT_MISSING', {
  slot: 's',
  pipeline: 'x',
  position: '0/1',
});
const pattern = new SluiceError('CATALOG_PATTERN', { pattern: '"', problem: 'x' });
const server = new ServerError({ severity: 'ERROR', sqlstate: '42501', message: 'no' });

test('0 done, 1 failed, 2 wrong usage, 3 stopped by a promise', () => {
  expect(exitCodeOf(new TypeError('x'))).toBe(1);
  expect(exitCodeOf(server)).toBe(1);
  expect(exitCodeOf(usage)).toBe(2);
  expect(exitCodeOf(pattern)).toBe(2);
  expect(exitCodeOf(stop)).toBe(3);
  expect(exitCodeOf(resync)).toBe(3);
});

test('a run that does not start fails, and with 3 when the start rules would have stopped it', () => {
  const finding = { subject: 'x', evidence: 'y', remedy: 'z', severity: 'blocks' } as const;
  const missing = { ...finding, code: 'CHECK_TABLE_MISSING' };
  expect(exitCodeOfFindings([missing])).toBe(1);
  expect(exitCodeOfFindings([missing, { ...finding, code: 'CHECK_SLOT_LOST' }])).toBe(3);
});

test('of several errors, a promise weighs most', () => {
  expect(exitCodeOf(new AggregateError([server, stop, server]))).toBe(3);
});
