import type { ReplicationBlock } from '../session/index.ts';

/**
 * A run of pgoutput messages, each `bytes[starts[i], ends[i])` beginning at its tag byte.
 *
 * Behind {@link committedOrder} a sequence of blocks holds whole transactions in commit order, in
 * protocol 1's form (Begin, changes, Commit; no stream markers, no xid in front of a change). A block
 * boundary may fall anywhere between two messages. The consumer may keep a block; nobody writes to it.
 */
export type ChangeBlock = Pick<
  ReplicationBlock,
  'bytes' | 'count' | 'starts' | 'ends' | 'keepaliveEnd'
>;

/** Messages `[from, to)` of a block, sharing its bytes. */
export function sliceBlock(block: ChangeBlock, from: number, to: number): ChangeBlock {
  return {
    bytes: block.bytes,
    count: to - from,
    starts: block.starts.subarray(from, to),
    ends: block.ends.subarray(from, to),
    keepaliveEnd: to === block.count ? block.keepaliveEnd : null,
  };
}

// Five objects a block: itself, the views of its bytes and offsets, what they are views of. Small blocks are
// little else.
const overheadBytes = 512;

/** What keeping a block in memory takes. */
export function heldBytes({ bytes, count }: ChangeBlock): number {
  return bytes.length + 8 * count + overheadBytes;
}

/** A block that only tells how far the source is. Where another follows, that one tells more. */
export function isKeepalive(block: ChangeBlock): boolean {
  return block.count === 0;
}
