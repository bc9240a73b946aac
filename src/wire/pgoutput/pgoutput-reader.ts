import { MessageReader } from '../message-reader.ts';
import { describeTag } from '../tags.ts';

/** A reader that stands after the message's tag, which must be `tag`. */
export function openMessage(
  what: string,
  tag: number,
  bytes: Buffer,
  start: number,
  end: number,
): MessageReader {
  const reader = new MessageReader(what, bytes, start, end);
  const got = reader.byte();
  if (got !== tag) throw reader.bad(describeTag(tag), describeTag(got));
  return reader;
}

/** The flags byte of Commit and its kin has no flag yet: one that is set means something we do not know. */
export function readNoFlags(reader: MessageReader): void {
  const flags = reader.byte();
  if (flags !== 0) throw reader.bad('no flags', flags);
}

/** The xid that messages carry inside a streamed transaction; 0 outside. */
export function readXid(reader: MessageReader, isStreamed: boolean): number {
  return isStreamed ? reader.uint32() : 0;
}
