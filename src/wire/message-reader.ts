import { SluiceError } from '../errors/index.ts';
import { byteAt, int16At, int32At } from './bytes.ts';
import { lsn, oid, type Lsn, type Oid } from './lsn.ts';
import { fromPostgresTime } from './time.ts';

/**
 * Reads the fields of one message in order, never past its end. For messages that come seldom; row
 * messages are read in place (pgoutput/row-change.ts).
 *
 * Views it hands out share the message's memory and live as long as that does.
 */
export class MessageReader {
  private readonly what: string;
  private readonly bytes: Buffer;
  private readonly end: number;
  private at: number;

  constructor(what: string, bytes: Buffer, start: number, end: number) {
    this.what = what;
    this.bytes = bytes;
    this.at = start;
    this.end = Math.min(end, bytes.length);
  }

  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    return byteAt(this.bytes, this.skip(1));
  }

  int16(): number {
    return int16At(this.bytes, this.skip(2));
  }

  uint16(): number {
    return this.int16() & 0xffff;
  }

  int32(): number {
    return int32At(this.bytes, this.skip(4));
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  oid(): Oid {
    return oid(this.uint32());
  }

  lsn(): Lsn {
    return lsn(this.bytes.readBigUInt64BE(this.skip(8)));
  }

  /** Microseconds since the Unix epoch. */
  timeUs(): bigint {
    return fromPostgresTime(this.bytes.readBigInt64BE(this.skip(8)));
  }

  /** Text up to its zero byte. */
  text(): string {
    const zero = this.bytes.indexOf(0, this.at);
    if (zero < 0 || zero >= this.end) throw this.truncated(this.left + 1);
    const text = this.bytes.toString('utf8', this.at, zero);
    this.at = zero + 1;
    return text;
  }

  view(length: number): Buffer {
    if (length < 0) throw this.bad('a length of 0 or more', length);
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  rest(): Buffer {
    return this.view(this.left);
  }

  /** A count of items that take at least `leastBytes` each: refused before anything is made for them. */
  count(value: number, leastBytes: number): number {
    if (value < 0) throw this.bad('a count of 0 or more', value);
    if (value * leastBytes > this.left) throw this.truncated(value * leastBytes);
    return value;
  }

  /** Every byte of a message has a meaning: leftovers show that we misread it. */
  finish(): void {
    if (this.left > 0) {
      throw new SluiceError('PROTO_TRAILING', { what: this.what, left: this.left });
    }
  }

  bad(expected: string, got: string | number): SluiceError {
    return new SluiceError('PROTO_FIELD', { what: this.what, expected, got });
  }

  private skip(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw this.truncated(length);
    this.at = start + length;
    return start;
  }

  private truncated(needed: number): SluiceError {
    return new SluiceError('PROTO_TRUNCATED', { what: this.what, needed, left: this.left });
  }
}
