import type { SinkMessage } from './sink.ts';

/** A message in its lane. */
export interface LaneMessage {
  readonly message: SinkMessage;
  /** To be called once it has arrived. */
  readonly arrived: () => void;
}

/**
 * Spreads a block over lanes that may go at once: what has the same key is in the same lane, in order. `onDurable` is
 * called for the messages of the block from the first on, without gaps, whatever order the lanes have them arrive in.
 */
export function lanesOf(
  messages: readonly SinkMessage[],
  count: number,
  onDurable: () => void,
): LaneMessage[][] {
  const lanes: LaneMessage[][] = Array.from({ length: count }, () => []);
  const hasArrived = messages.map(() => false);
  let told = 0;
  for (const [i, message] of messages.entries()) {
    const arrived = (): void => {
      hasArrived[i] = true;
      for (; hasArrived[told] === true; told += 1) onDurable();
    };
    lanes[laneOf(message, count)]!.push({ message, arrived });
  }
  return lanes;
}

/** What keeps its order: the key within its subject, or the subject. */
export function orderKey({ subject, key }: SinkMessage): string {
  return key === null ? subject.join('.') : `${subject.join('.')}\u0000${key}`;
}

/** FNV-1a: any hash does that spreads, the lanes of one block have nothing to do with those of another. */
function laneOf(message: SinkMessage, count: number): number {
  let hash = 0x811c9dc5;
  const text = orderKey(message);
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % count;
}
