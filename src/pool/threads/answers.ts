import type { Consoles } from '../console/index.ts';
import { shows } from '../console/show/index.ts';
import { familiesOfAll, ownFamilies } from '../metrics.ts';
import type { Operations } from '../operations.ts';
import { rowsOf } from './merge.ts';
import type { SharedOperation, ThreadReport } from './other-threads.ts';

const mergedShows = shows.filter(({ merge }) => merge !== undefined);

/** What the console or a signal asks of all threads at once. */
export async function operate(
  operations: Operations,
  operation: SharedOperation,
  [first = null, second = null]: readonly (string | number | null)[],
  signal: AbortSignal,
): Promise<void> {
  const name = first === null ? null : String(first);
  switch (operation) {
    case 'pause':
      return operations.pause(name, signal);
    case 'resume':
      return operations.resume(name);
    case 'disable':
      return operations.disable(String(first));
    case 'enable':
      return operations.enable(String(first));
    case 'reconnect':
      return operations.reconnect(name);
    case 'waitClose':
      return operations.waitClose(name, signal);
    case 'kill':
      return operations.kill(name);
    case 'killClient':
      return operations.killClient(Number(first));
    case 'suspend':
      return operations.suspend(signal);
    case 'reload':
      return operations.reload();
    case 'set':
      return operations.set(String(first), String(second));
    case 'shutdown':
      return operations.shutdown(
        first === 'wait_for_servers' || first === 'wait_for_clients' ? first : 'immediate',
      );
  }
}

/** Of a thread; nothing before it serves. */
export function reportOf(consoles: Consoles | null): ThreadReport {
  if (consoles === null) return { shows: new Map(), totals: new Map(), metrics: [] };

  return {
    shows: new Map(mergedShows.map((show) => [show.name, show.rows(consoles)])),
    totals: consoles.statistics.ownTotals(),
    metrics: ownFamilies(consoles),
  };
}

/** The same of a whole process, with everything that is told to its console. */
export function reportOfAll(consoles: Consoles): ThreadReport {
  return {
    shows: new Map(mergedShows.map((show) => [show.name, rowsOf(show, consoles)])),
    totals: consoles.statistics.totals(),
    metrics: familiesOfAll(consoles),
  };
}
