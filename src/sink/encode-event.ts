import type { SinkMessage } from './sink.ts';

/** A queue's event, as its consumer has it. */
export interface QueueEvent {
  readonly id: bigint;
  readonly time: Date;
  readonly txid: bigint;
  readonly type: string | null;
  readonly data: string | null;
  readonly extra1: string | null;
  readonly extra2: string | null;
  readonly extra3: string | null;
  readonly extra4: string | null;
}

/**
 * An event as a message: its payload is `ev_data` as it is, all else is in headers. A batch that is handed out again
 * has the same number, so the ids are the same too.
 *
 * @param key what keeps its order in a sink that spreads; null: all of the queue does
 */
export function encodeEvent(
  event: QueueEvent,
  of: { readonly queue: string; readonly batchId: bigint; readonly tick: bigint },
  key: string | null = null,
): SinkMessage {
  const { type, data, extra1, extra2, extra3, extra4 } = event;
  const optional = {
    'Sluice-Type': type,
    'Sluice-Extra1': extra1,
    'Sluice-Extra2': extra2,
    'Sluice-Extra3': extra3,
    'Sluice-Extra4': extra4,
  };
  const present = Object.entries(optional).filter((entry): entry is [string, string] => {
    return entry[1] !== null;
  });
  return {
    id: `${of.queue}:${of.batchId}:${event.id}`,
    subject: [of.queue],
    key,
    payload: Buffer.from(data ?? ''),
    headers: { 'Sluice-Time': event.time.toISOString(), ...Object.fromEntries(present) },
    position: String(of.tick),
    transaction: String(event.txid),
  };
}
