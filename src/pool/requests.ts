import { FrontendTag, type MessageBuffer } from '../wire/index.ts';

const statementKind = 0x53; // S
const portalKind = 0x50; // P

/**
 * Requests of our own, and clients' requests under another name.
 *
 * @param encoding  latin1: a text of the client's, a character a byte, that goes out as it came in, whatever
 *   the client's encoding
 */
export function writeQuery(
  out: MessageBuffer,
  text: string,
  encoding: 'utf8' | 'latin1' = 'utf8',
): void {
  out.begin(FrontendTag.query);
  out.bytes(Buffer.from(text, encoding));
  out.byte(0);
  out.finish();
}

/** @param tail  everything of the Parse after its name */
export function writeParse(out: MessageBuffer, name: string, tail: Buffer): void {
  out.begin(FrontendTag.parse);
  out.text(name, 'the statement name');
  out.bytes(tail);
  out.finish();
}

/** A portal that no client has. */
const ownPortal = 'SLUICE';

/** Parse, Bind, Execute and Close of a text without parameters, which leave the client's portals alone. */
export function writeRun(out: MessageBuffer, text: string): void {
  writeParse(out, '', Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(3)]));
  out.begin(FrontendTag.bind);
  out.text(ownPortal, 'the portal');
  // The unnamed statement; no formats, no parameters, no formats of columns.
  out.bytes(Buffer.alloc(7));
  out.finish();
  out.begin(FrontendTag.execute);
  out.text(ownPortal, 'the portal');
  out.int32(0);
  out.finish();
  out.begin(FrontendTag.close);
  out.byte(portalKind);
  out.text(ownPortal, 'the portal');
  out.finish();
}

/** The server sends what it has answered so far. */
export function writeFlush(out: MessageBuffer): void {
  out.begin(FrontendTag.flush);
  out.finish();
}

export function writeCloseStatement(out: MessageBuffer, name: string): void {
  writeNamed(out, FrontendTag.close, name);
}

export function writeDescribeStatement(out: MessageBuffer, name: string): void {
  writeNamed(out, FrontendTag.describe, name);
}

function writeNamed(out: MessageBuffer, tag: number, name: string): void {
  out.begin(tag);
  out.byte(statementKind);
  out.text(name, 'the statement name');
  out.finish();
}

/**
 * The head of a Bind: its length word, portal and statement name. The rest, `restBytes` of it, follows unread.
 */
export function writeBindHead(
  out: MessageBuffer,
  head: { bytes: Buffer; portalStart: number; portalEnd: number },
  statement: string,
  restBytes: number,
): void {
  const portalBytes = head.portalEnd - head.portalStart + 1;
  out.byte(FrontendTag.bind);
  out.int32(4 + portalBytes + statement.length + 1 + restBytes);
  out.slice(head.bytes, head.portalStart, head.portalEnd + 1);
  for (let i = 0; i < statement.length; i++) out.byte(statement.charCodeAt(i));
  out.byte(0);
}
