import type { Show } from '../command.ts';
import { columns } from '../values.ts';

/** What the process uses, in pgBouncer's columns: of it, in bytes, and free within what is reserved. */
export const showMem: Show = {
  name: 'MEM',
  columns: columns('name size:int4 used:int4 free:int4 memtotal:int4'),
  rows: () => {
    const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
    return [
      row('heap', heapUsed, heapTotal),
      row('external', external, external),
      row('buffers', arrayBuffers, arrayBuffers),
      row('resident', rss, rss),
    ];
  },
};

const mostInt4 = 2 ** 31 - 1;

function row(name: string, used: number, total: number): (string | number)[] {
  return [name, 1, ...[used, total - used, total].map((bytes) => Math.min(bytes, mostInt4))];
}
