import { SluiceError } from '../errors/index.ts';
import { putInt16, putInt32 } from './bytes.ts';
import { OutputBuffer } from './output-buffer.ts';
import { putBytes } from './put-bytes.ts';
import { putTerminatedText, putText } from './put-text.ts';

/** The parts that messages are made of. One message is open at a time: begin, fields, finish. */
export class MessageBuffer {
  private readonly out: OutputBuffer;
  /** Counted from the piece's start: growing moves the piece to the front of a new buffer. */
  private messageStart = 0;
  private lengthAt = 0;

  constructor(initialBytes?: number) {
    this.out = new OutputBuffer(initialBytes);
  }

  get byteLength(): number {
    return this.out.byteLength;
  }

  take(): Buffer {
    return this.out.take();
  }

  /** Forgets what was written since the last take. */
  discard(): void {
    this.out.discard();
  }

  /** Copies what was written since the last take into `target`, which has room. @returns how many bytes */
  copyTo(target: Buffer, at: number): number {
    const { out } = this;
    putBytes(target, at, out.bytes, out.start, out.at);
    return out.byteLength;
  }

  /** The piece taken last may be written over: nobody reads it any more. Call before anything else is written. */
  reuse(): void {
    this.out.reuse();
  }

  /** Opens a message of a tag byte and a length. */
  begin(tag: number): void {
    const { out } = this;
    out.reserve(5);
    this.messageStart = out.byteLength;
    this.lengthAt = this.messageStart + 1;
    out.bytes[out.at] = tag;
    out.at += 5;
  }

  /** Opens a message without a tag, as they are before the session is ready. */
  beginUntagged(): void {
    const { out } = this;
    out.reserve(4);
    this.messageStart = out.byteLength;
    this.lengthAt = this.messageStart;
    out.at += 4;
  }

  finish(): void {
    const { out } = this;
    putInt32(out.bytes, out.start + this.lengthAt, out.byteLength - this.lengthAt);
  }

  /** Takes the open message back. */
  drop(): void {
    this.out.at = this.out.start + this.messageStart;
  }

  byte(value: number): void {
    const { out } = this;
    out.reserve(1);
    out.bytes[out.at++] = value;
  }

  int16(value: number): void {
    const { out } = this;
    out.reserve(2);
    putInt16(out.bytes, out.at, value);
    out.at += 2;
  }

  int32(value: number): void {
    const { out } = this;
    out.reserve(4);
    putInt32(out.bytes, out.at, value);
    out.at += 4;
  }

  int64(value: bigint): void {
    const { out } = this;
    out.reserve(8);
    out.at = out.bytes.writeBigInt64BE(value, out.at);
  }

  /** @throws PROTO_NUL_BYTE  the text would end early and what follows be misread; the message is dropped */
  text(text: string, what: string): void {
    if (putTerminatedText(this.out, text)) return;
    this.drop();
    throw new SluiceError('PROTO_NUL_BYTE', { what });
  }

  /** An int32 length and the text. */
  countedText(text: string): void {
    const { out } = this;
    const lengthAt = out.byteLength;
    this.int32(0);
    putText(out, text);
    putInt32(out.bytes, out.start + lengthAt, out.byteLength - lengthAt - 4);
  }

  /** An int32 length and the bytes. */
  countedBytes(bytes: Buffer, start: number, end: number): void {
    const { out } = this;
    const length = end - start;
    out.reserve(4 + length);
    putInt32(out.bytes, out.at, length);
    putBytes(out.bytes, out.at + 4, bytes, start, end);
    out.at += 4 + length;
  }

  bytes(bytes: Buffer): void {
    this.slice(bytes, 0, bytes.length);
  }

  /** Appends `bytes[start, end)` as it is: part of a message, or several whole ones. */
  slice(bytes: Buffer, start: number, end: number): void {
    const { out } = this;
    out.reserve(end - start);
    putBytes(out.bytes, out.at, bytes, start, end);
    out.at += end - start;
  }
}
