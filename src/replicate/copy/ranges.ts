/** Blocks [firstBlock, endBlock) of a heap; endBlock null: to the end, wherever that is by now. */
export interface BlockRange {
  readonly rangeNo: number;
  readonly firstBlock: number;
  readonly endBlock: number | null;
}

export interface HeapSize {
  readonly blocks: number;
  /** Heap and TOAST. */
  readonly bytes: number;
}

const MiB = 1024 * 1024;

/**
 * Enough ranges that the jobs end about together (8 each), none so small that its transaction costs more
 * than its rows, none so large that doing it again hurts.
 */
export function rangeBytesFor(size: HeapSize, jobs: number): number {
  return Math.min(Math.max(size.bytes / (jobs * 8), 32 * MiB), 128 * MiB);
}

/**
 * Cuts a heap into ranges of about equal size, and those that come last into quarters: whoever is done
 * first waits less for the others. The last range is open: the heap may have grown since it was measured,
 * and rows that the snapshot sees can be anywhere in it.
 *
 * @example cutRanges({ blocks: 10, bytes: 100 }, 40, 1): blocks 0 to 4, 4 to 8, 8 to 9, 9 to the end
 */
export function cutRanges(size: HeapSize, rangeBytes: number, jobs: number): BlockRange[] {
  const count = Math.max(1, Math.min(size.blocks, Math.ceil(size.bytes / rangeBytes)));
  const blocks = Math.max(1, Math.ceil(size.blocks / count));
  const quartered = count > jobs ? (count - jobs) * blocks : size.blocks;
  const starts: number[] = [];
  for (let block = 0; block < size.blocks || block === 0;) {
    starts.push(block);
    block += block < quartered ? blocks : Math.ceil(blocks / 4);
  }
  return starts.map((firstBlock, rangeNo) => ({
    rangeNo,
    firstBlock,
    endBlock: starts[rangeNo + 1] ?? null,
  }));
}

/** One range holds all of the table. */
export function isWhole(range: BlockRange): boolean {
  return range.firstBlock === 0 && range.endBlock === null;
}
