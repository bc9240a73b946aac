import type { ServerMessageFields } from '../errors/index.ts';
import type { TransactionStatus } from './backend/ready-for-query.ts';
import { MessageBuffer } from './message-buffer.ts';
import { BackendTag } from './tags.ts';

/** The letters of the fields an error we make has (PostgreSQL manual, "Error and Notice Message Fields"). */
const fieldLetters = [
  ['C', 'sqlstate'],
  ['M', 'message'],
  ['D', 'detail'],
  ['H', 'hint'],
] as const;

/** What an error or a notice of ours says. */
export type WrittenFields = Pick<
  ServerMessageFields,
  'severity' | 'sqlstate' | 'message' | 'detail' | 'hint'
>;

/** Text columns, as a console answers: 25 is text, 23 int4, 20 int8, 1700 numeric. */
export interface WrittenColumn {
  readonly name: string;
  readonly typeOid: number;
}

/** Writes the messages a server sends, one after the other, into a growing buffer. */
export class BackendWriter {
  readonly out: MessageBuffer;

  constructor(out: MessageBuffer = new MessageBuffer(1024)) {
    this.out = out;
  }

  take(): Buffer {
    return this.out.take();
  }

  /** @param kind  0 ok, 3 cleartext, 5 md5, 10 SASL, 11 continue, 12 final */
  authentication(kind: number, data: Buffer = Buffer.alloc(0)): this {
    this.out.begin(BackendTag.authentication);
    this.out.int32(kind);
    this.out.bytes(data);
    return this.finish();
  }

  backendKeyData(pid: number, key: Buffer): this {
    this.out.begin(BackendTag.backendKeyData);
    this.out.int32(pid);
    this.out.bytes(key);
    return this.finish();
  }

  bindComplete(): this {
    return this.tagOnly(BackendTag.bindComplete);
  }

  closeComplete(): this {
    return this.tagOnly(BackendTag.closeComplete);
  }

  commandComplete(tag: string): this {
    this.out.begin(BackendTag.commandComplete);
    this.out.text(tag, 'the command tag');
    return this.finish();
  }

  /** A row of text values. */
  dataRow(values: readonly (string | null)[]): this {
    this.out.begin(BackendTag.dataRow);
    this.out.int16(values.length);
    for (const value of values) {
      if (value === null) this.out.int32(-1);
      else this.out.countedText(value);
    }
    return this.finish();
  }

  emptyQueryResponse(): this {
    return this.tagOnly(BackendTag.emptyQueryResponse);
  }

  error(fields: WrittenFields): this {
    return this.fields(BackendTag.errorResponse, fields);
  }

  /** @param newestVersion  the newest we speak of the major version asked for */
  negotiateProtocolVersion(newestVersion: number, unknownOptions: readonly string[]): this {
    this.out.begin(BackendTag.negotiateProtocolVersion);
    this.out.int32(newestVersion);
    this.out.int32(unknownOptions.length);
    for (const name of unknownOptions) this.out.text(name, 'an option');
    return this.finish();
  }

  noData(): this {
    return this.tagOnly(BackendTag.noData);
  }

  notice(fields: WrittenFields): this {
    return this.fields(BackendTag.noticeResponse, fields);
  }

  notification(pid: number, channel: string, payload: string): this {
    this.out.begin(BackendTag.notificationResponse);
    this.out.int32(pid);
    this.out.text(channel, 'the channel');
    this.out.text(payload, 'the payload');
    return this.finish();
  }

  parameterDescription(typeOids: readonly number[]): this {
    this.out.begin(BackendTag.parameterDescription);
    this.out.int16(typeOids.length);
    for (const oid of typeOids) this.out.int32(oid);
    return this.finish();
  }

  parameterStatus(name: string, value: string): this {
    this.out.begin(BackendTag.parameterStatus);
    this.out.text(name, 'a parameter');
    this.out.text(value, `parameter ${name}`);
    return this.finish();
  }

  parseComplete(): this {
    return this.tagOnly(BackendTag.parseComplete);
  }

  readyForQuery(status: TransactionStatus): this {
    this.out.begin(BackendTag.readyForQuery);
    this.out.byte(status.charCodeAt(0));
    return this.finish();
  }

  rowDescription(columns: readonly WrittenColumn[]): this {
    this.out.begin(BackendTag.rowDescription);
    this.out.int16(columns.length);
    for (const { name, typeOid } of columns) {
      this.out.text(name, 'a column');
      this.out.int32(0); // of no table
      this.out.int16(0);
      this.out.int32(typeOid);
      this.out.int16(-1); // of any length
      this.out.int32(-1);
      this.out.int16(0); // in text
    }
    return this.finish();
  }

  private fields(tag: number, fields: WrittenFields): this {
    this.out.begin(tag);
    this.field('S', fields.severity);
    this.field('V', fields.severity);
    for (const [letter, name] of fieldLetters) {
      const text = fields[name];
      if (text !== undefined) this.field(letter, text);
    }
    this.out.byte(0);
    return this.finish();
  }

  private field(letter: string, text: string): void {
    this.out.byte(letter.charCodeAt(0));
    this.out.text(text.replaceAll('\0', ''), 'an error field');
  }

  private tagOnly(tag: number): this {
    this.out.begin(tag);
    return this.finish();
  }

  private finish(): this {
    this.out.finish();
    return this;
  }
}
