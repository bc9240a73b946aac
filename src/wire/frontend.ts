import { SluiceError } from '../errors/index.ts';
import { MessageBuffer } from './message-buffer.ts';
import {
  writeCancelRequest,
  writeGssEncRequest,
  writeSslRequest,
  writeStartup,
} from './startup.ts';
import { FrontendTag } from './tags.ts';

/** 0: text, 1: binary. */
export type Format = 0 | 1;

export interface BindFormats {
  /** One for all, or one a parameter. Default: binary for a Buffer, text for a string. */
  readonly parameters?: Format | readonly Format[];
  /** One for all result columns. Default: text. */
  readonly results?: Format;
}

/** The letter for a prepared statement or a portal in Describe and Close. */
const ObjectKind = { statement: 0x53, portal: 0x50 } as const;

/** Counts of parameters are unsigned 16 bits. */
const maxParameters = 0xffff;

/**
 * Writes frontend messages one after the other; `take` hands over what was written.
 *
 * Messages allocate nothing but room in one growing buffer. A method that throws leaves nothing of its
 * message behind.
 */
export class MessageWriter {
  private readonly out: MessageBuffer;
  private valuesExpected = 0;
  private valuesWritten = 0;

  constructor(options: { initialBytes?: number } = {}) {
    this.out = new MessageBuffer(options.initialBytes);
  }

  /** Bytes written since the last take. */
  get byteLength(): number {
    return this.out.byteLength;
  }

  /** Hands over every message written since the last take; the bytes are the caller's. */
  take(): Buffer {
    return this.out.take();
  }

  /** @param version  one of ProtocolVersion */
  startup(version: number, parameters: Readonly<Record<string, string>>): this {
    writeStartup(this.out, version, parameters);
    return this;
  }

  sslRequest(): this {
    writeSslRequest(this.out);
    return this;
  }

  gssEncRequest(): this {
    writeGssEncRequest(this.out);
    return this;
  }

  /** Goes over a connection of its own. @param key  as BackendKeyData brought it */
  cancelRequest(pid: number, key: Buffer): this {
    writeCancelRequest(this.out, pid, key);
    return this;
  }

  /** A cleartext password, or what md5Password made of it. */
  password(text: string): this {
    return this.textOnly(FrontendTag.password, text, 'the password');
  }

  saslInitial(mechanism: string, response: Buffer): this {
    this.out.begin(FrontendTag.password);
    this.out.text(mechanism, 'the SASL mechanism');
    this.out.countedBytes(response, 0, response.length);
    return this.finish();
  }

  saslResponse(response: Buffer): this {
    return this.bytesOnly(FrontendTag.password, response);
  }

  /** A simple query: one or several statements. */
  query(text: string): this {
    return this.textOnly(FrontendTag.query, text, 'the query');
  }

  /** @param parameterTypes  OIDs; 0 or absent: the server decides */
  parse(statement: string, text: string, parameterTypes: readonly number[] = []): this {
    this.out.begin(FrontendTag.parse);
    this.out.text(statement, 'the statement name');
    this.out.text(text, 'the query');
    this.out.int16(parameterTypes.length);
    for (const type of parameterTypes) this.out.int32(type);
    return this.finish();
  }

  bind(
    portal: string,
    statement: string,
    parameters: readonly (Buffer | string | null)[],
    formats: BindFormats = {},
  ): this {
    this.openBind(portal, statement, parameters.length);
    this.putFormats(parameters, formats.parameters);
    this.out.int16(parameters.length);
    for (const value of parameters) {
      if (value === null) this.bindNull();
      else if (typeof value === 'string') this.bindText(value);
      else this.bindValue(value, 0, value.length);
    }
    return this.endBind(formats.results);
  }

  /**
   * Opens a Bind whose values follow by bindValue, bindText and bindNull, and which endBind ends.
   *
   * @param binaryFlags  one a parameter: 1 binary, 0 text; or one for all
   */
  beginBind(
    portal: string,
    statement: string,
    parameterCount: number,
    binaryFlags: Uint8Array | Format,
  ): this {
    const { out } = this;
    this.openBind(portal, statement, parameterCount);
    if (typeof binaryFlags === 'number') {
      this.putOneFormat(binaryFlags);
    } else {
      out.int16(parameterCount);
      for (let i = 0; i < parameterCount; i++) out.int16(binaryFlags[i] === 1 ? 1 : 0);
    }
    out.int16(parameterCount);
    return this;
  }

  /** The value is `bytes[start, end)`, copied now. */
  bindValue(bytes: Buffer, start: number, end: number): this {
    this.valuesWritten++;
    this.out.countedBytes(bytes, start, end);
    return this;
  }

  bindText(value: string): this {
    this.valuesWritten++;
    this.out.countedText(value);
    return this;
  }

  bindNull(): this {
    this.valuesWritten++;
    this.out.int32(-1);
    return this;
  }

  /**
   * @param resultFormat  for all result columns
   * @throws PROTO_BIND_COUNT  more or fewer values than announced; the Bind is dropped
   */
  endBind(resultFormat: Format = 0): this {
    if (this.valuesWritten !== this.valuesExpected) {
      this.out.drop();
      throw new SluiceError('PROTO_BIND_COUNT', {
        expected: this.valuesExpected,
        got: this.valuesWritten,
      });
    }
    this.putOneFormat(resultFormat);
    return this.finish();
  }

  describe(kind: keyof typeof ObjectKind, name: string): this {
    return this.named(FrontendTag.describe, kind, name);
  }

  /** @param maxRows  0: all */
  execute(portal: string, maxRows = 0): this {
    this.out.begin(FrontendTag.execute);
    this.out.text(portal, 'the portal name');
    this.out.int32(maxRows);
    return this.finish();
  }

  close(kind: keyof typeof ObjectKind, name: string): this {
    return this.named(FrontendTag.close, kind, name);
  }

  sync(): this {
    return this.tagOnly(FrontendTag.sync);
  }

  flush(): this {
    return this.tagOnly(FrontendTag.flush);
  }

  terminate(): this {
    return this.tagOnly(FrontendTag.terminate);
  }

  copyData(data: Buffer): this {
    return this.bytesOnly(FrontendTag.copyData, data);
  }

  copyDone(): this {
    return this.tagOnly(FrontendTag.copyDone);
  }

  copyFail(reason: string): this {
    return this.textOnly(FrontendTag.copyFail, reason, 'the reason');
  }

  private openBind(portal: string, statement: string, parameterCount: number): void {
    if (parameterCount > maxParameters) {
      throw new SluiceError('PROTO_BIND_COUNT', { expected: maxParameters, got: parameterCount });
    }
    this.out.begin(FrontendTag.bind);
    this.out.text(portal, 'the portal name');
    this.out.text(statement, 'the statement name');
    this.valuesExpected = parameterCount;
    this.valuesWritten = 0;
  }

  private putFormats(
    parameters: readonly (Buffer | string | null)[],
    formats: BindFormats['parameters'],
  ): void {
    if (typeof formats === 'number') {
      this.putOneFormat(formats);
      return;
    }
    this.out.int16(parameters.length);
    for (let i = 0; i < parameters.length; i++) {
      this.out.int16(formats?.[i] ?? (Buffer.isBuffer(parameters[i]) ? 1 : 0));
    }
  }

  /** A count of 0 means text for all, 1 one format for all. */
  private putOneFormat(format: Format): void {
    this.out.int16(format);
    if (format === 1) this.out.int16(1);
  }

  private named(tag: number, kind: keyof typeof ObjectKind, name: string): this {
    this.out.begin(tag);
    this.out.byte(ObjectKind[kind]);
    this.out.text(name, `the ${kind} name`);
    return this.finish();
  }

  private textOnly(tag: number, text: string, what: string): this {
    this.out.begin(tag);
    this.out.text(text, what);
    return this.finish();
  }

  private bytesOnly(tag: number, body: Buffer): this {
    this.out.begin(tag);
    this.out.bytes(body);
    return this.finish();
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
