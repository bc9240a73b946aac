import { expect, test } from 'vitest';
import { FollowProgress } from '../../src/cli/follow-progress.ts';
import { TerminalProgress } from '../../src/cli/progress/terminal.ts';
import type { ReplicationStatus } from '../../src/replicate/index.ts';
import { ManualClock } from '../service/manual-clock.ts';
import { Screen } from './progress/conformance.ts';
import { shownText } from './progress/screen-text.ts';

const copying: ReplicationStatus = {
  name: 'shop',
  phase: 'copying',
  position: null,
  confirmed: null,
  sourceEnd: null,
  lagBytes: null,
  lagSeconds: null,
  peakLagBytes: 0,
  rowsCopied: 0,
  bytesCopied: 0,
  transactionsApplied: 0,
  changesApplied: 0,
  bytesApplied: 0,
  error: null,
};

test('following is shown from when it begins: how far behind, how fast, and what it waits for', () => {
  const screen = new Screen();
  const clock = new ManualClock();
  const terminal = new TerminalProgress(screen, clock);
  const following = new FollowProgress(terminal, clock);
  let status = copying;
  following.watch({ name: 'shop', status: () => status });
  const shown = () => shownText(screen.written).trim();
  clock.advance(1000);
  expect(shown()).toBe('');

  status = { ...copying, phase: 'following', lagBytes: 2048, lagSeconds: 3, changesApplied: 500 };
  clock.advance(1000);
  expect(shown()).toMatch(/^following shop +2 KB behind \(3\.0 s\), 500 rows/);

  status = { ...status, lagBytes: 0, changesApplied: 700 };
  clock.advance(1000);
  expect(shown()).toMatch(/^following shop +caught up, 700 rows/);

  status = { ...status, phase: 'waiting', error: 'the source is down' };
  clock.advance(1000);
  expect(shown()).toMatch(/waiting: the source is down/);

  status = { ...status, phase: 'stopped', error: null, transactionsApplied: 12 };
  following.close();
  terminal.close();
  expect(shown()).toMatch(/^✓ following shop +12 transactions, 700 rows/);
  expect(clock.pending).toBe(0);
});
