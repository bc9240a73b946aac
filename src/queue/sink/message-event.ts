import type { SinkMessage } from '../../sink/index.ts';

/** A message as it stands in a queue. */
export interface MessageEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
  /** What it is about: `public.orders`. */
  readonly extra1: string;
  /** All else, as JSON: key, position, transaction, headers. */
  readonly extra3: string;
}

/** `ev_extra2` is the id. A payload that PostgreSQL does not take for text is base64, and `extra3` says so. */
export function messageEvent(message: SinkMessage): MessageEvent {
  const { id, subject, key, position, transaction, headers, payload } = message;
  const text = textOf(payload);
  const rest = { key, position, transaction, headers };
  return {
    id,
    type: headers['Sluice-Type'] ?? headers['Sluice-Op'] ?? 'message',
    data: text ?? Buffer.from(payload).toString('base64'),
    extra1: subject.join('.'),
    extra3: JSON.stringify(text === null ? { ...rest, encoding: 'base64' } : rest),
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(payload: Uint8Array): string | null {
  if (payload.includes(0)) return null;
  try {
    return utf8.decode(payload);
  } catch {
    return null;
  }
}
