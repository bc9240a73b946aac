import { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import type { QueueEvent } from '../consumer/event.ts';
import { decodeJsonRow } from './decode-json-row.ts';
import { decodeUrlRow, percentDecoder } from './decode-url-row.ts';
import type { RowChange } from './row-change.ts';

export type TriggerEvent = Pick<QueueEvent, 'type' | 'data' | 'extra1' | 'extra2'>;

export interface DecodeRowOptions {
  /** The encoding of the database that the trigger is in, as `TextDecoder` names it; default `utf-8`. */
  readonly encoding?: string;
}

const operations = {
  I: 'insert',
  U: 'update',
  D: 'delete',
  R: 'truncate',
  INSERT: 'insert',
  UPDATE: 'update',
  DELETE: 'delete',
  TRUNCATE: 'truncate',
} as const;

const jsonTypeSchema = z.object({
  op: z.enum(['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']),
  table: z.tuple([z.string(), z.string()]),
  pkey: z.array(z.string()),
});

const urlType = /^(?:([IUD]):(.*)|(R))$/s;

/**
 * Decode what pgq.logutriga or pgq.jsontriga has sent; which of them is told by the event's type.
 *
 * @throws SluiceError QUEUE_EVENT_NOT_A_ROW  neither has sent it, or with ev_type= or ev_data= of its own
 */
export function decodeRow(event: TriggerEvent, options: DecodeRowOptions = {}): RowChange {
  const decodeText = percentDecoder(options.encoding ?? 'utf-8');
  try {
    return event.type.startsWith('{')
      ? decodeJsonChange(event)
      : decodeUrlChange(event, decodeText);
  } catch {
    throw new SluiceError('QUEUE_EVENT_NOT_A_ROW', {}); // what was caught may quote the row
  }
}

function decodeJsonChange({ type, data, extra2 }: TriggerEvent): RowChange {
  const { op, table, pkey } = jsonTypeSchema.parse(JSON.parse(type));
  return {
    op: operations[op],
    table: table.join('.'),
    key: pkey,
    row: decodeJsonRow(data ?? ''),
    oldRow: extra2 === null ? null : decodeJsonRow(extra2),
  };
}

function decodeUrlChange(
  { type, data, extra1, extra2 }: TriggerEvent,
  decodeText: (text: string) => string,
): RowChange {
  const [, change, key = '', truncate] = urlType.exec(type) ?? [];
  const op = z.enum(['I', 'U', 'D', 'R']).parse(change ?? truncate);
  return {
    op: operations[op],
    table: extra1,
    key: key === '' ? [] : key.split(','),
    row: decodeUrlRow(z.string().parse(data), decodeText),
    oldRow: extra2 === null ? null : decodeUrlRow(extra2, decodeText),
  };
}
