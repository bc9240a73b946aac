import { SluiceError } from '../errors/index.ts';
import { formatLsn, PgoutputTag, readCommit, type Lsn } from '../wire/index.ts';
import type { ChangeBlock } from './block.ts';
import { errorText } from './disk.ts';
import type { DurableSegment, Run } from './durable-segment.ts';
import { readFileHead, RecordReader, type LogRecord, type ValueFormat } from './log-file.ts';

/**
 * What an earlier process left: the whole transactions of each file, as places, not bytes. Each file goes on
 * where the one before ended.
 *
 * Only the last file may end in something torn or unfinished: every other was made durable before the next
 * one began.
 *
 * @throws SluiceError STREAM_SPILL_DAMAGED a record is not intact, there is a hole between two files, or they
 *   hold values in different formats
 */
export async function* recoverSegments(segments: readonly DurableSegment[]): AsyncGenerator<Run> {
  let reached: Lsn | null = null;
  let format: ValueFormat | null = null;
  for (const [i, segment] of segments.entries()) {
    const isLast = i === segments.length - 1;
    const head = await readFileHead(segment.file);
    if (head === null && isLast) return; // made and not yet written when the power went
    if (head === null) throw damaged(segment.path, 0, 'its head is not intact');
    const { from } = head;
    if (reached !== null && from !== reached) {
      const reason = `it continues from ${formatLsn(from)}, and the files before it end at ${formatLsn(reached)}`;
      throw damaged(segment.path, 0, reason);
    }
    if (format !== null && head.format !== format) {
      const reason = `it holds values in ${head.format}, and the files before it in ${format}`;
      throw damaged(segment.path, 0, reason);
    }
    segment.from = from;
    segment.format = format = head.format;
    yield* recoverSegment(segment, from, isLast);
    reached = segment.endLsn ?? from;
  }
}

export function damaged(path: string, offset: number, reason: string, cause?: unknown) {
  return new SluiceError('STREAM_SPILL_DAMAGED', { path, offset, reason }, { cause });
}

/** The last Commit of a block: where it ends and how many messages there are up to it. */
export function lastCommit(
  block: ChangeBlock,
  atMost: Lsn | null = null,
): { endLsn: Lsn; count: number } | null {
  for (let i = block.count - 1; i >= 0; i--) {
    const start = block.starts[i]!;
    if (block.bytes[start] !== PgoutputTag.commit) continue;
    const { endLsn } = readCommit(block.bytes, start, block.ends[i]!);
    if (atMost === null || endLsn <= atMost) return { endLsn, count: i + 1 };
  }
  return null;
}

async function* recoverSegment(
  segment: DurableSegment,
  from: Lsn,
  isLast: boolean,
): AsyncGenerator<Run> {
  const { size } = await segment.file.stat();
  const reader = new RecordReader(segment.file);
  let reached = from;
  let run = null as Run | null;
  // What is behind a Commit counts only once the next Commit of the same file is seen.
  let open = { at: reader.at, from: 0 };
  for (
    let next = await read(reader, segment, size);
    next;
    next = await read(reader, segment, size)
  ) {
    const { block, at, end } = next;
    const commit = lastCommit(block);
    if (!commit) continue;
    // A slot sends nothing twice behind the position it was asked for; should it have, once is enough.
    const old = lastCommit(block, reached);
    if (old) {
      if (run) yield run;
      run = null;
      yield* relationsWithin({ segment, ...open, end, to: old.count }, size);
      open = { at, from: old.count };
    }
    const to = commit.count < block.count ? commit.count : null;
    if (commit.endLsn > reached) {
      run = { segment, at: run?.at ?? open.at, from: run?.from ?? open.from, end, to };
      reached = commit.endLsn;
    }
    open = to === null ? { at: end, from: 0 } : { at, from: to };
    segment.bytes = end;
    segment.endLsn = reached;
  }
  if (run) yield run;
  if (reader.at < size && !isLast)
    throw damaged(segment.path, reader.at, 'the record there is not intact');
}

async function read(
  reader: RecordReader,
  segment: DurableSegment,
  size: number,
): Promise<LogRecord | null> {
  const { at } = reader;
  try {
    return await reader.next(size);
  } catch (error) {
    throw damaged(segment.path, at, errorText(error), error);
  }
}

/** The Relation messages of what is left out: later transactions rely on them. */
async function* relationsWithin(skipped: Run, size: number): AsyncGenerator<Run> {
  const { segment, from, end, to } = skipped;
  const reader = new RecordReader(segment.file, skipped.at);
  while (reader.at < end) {
    const record = await read(reader, segment, size);
    if (!record) return;
    const { block } = record;
    const isLast = record.end === end;
    for (let i = record.at === skipped.at ? from : 0; i < (isLast ? to! : block.count); i++)
      if (block.bytes[block.starts[i]!] === PgoutputTag.relation)
        yield { segment, at: record.at, end: record.end, from: i, to: i + 1 };
  }
}
