import { ServerError, SluiceError } from '../errors/index.ts';
import {
  BackendTag,
  decodeAuthentication,
  decodeBackendKeyData,
  decodeErrorFields,
  decodeNegotiateProtocolVersion,
  describeVersion,
  describeTag,
  MessageWriter,
  negotiatedVersion,
  ProtocolVersion,
} from '../wire/index.ts';
import type { Authenticator, BackendKeyData, OnFrame } from '../wire/index.ts';
import type { Link } from './link.ts';
import type { ProtocolChoice } from './target/index.ts';

const versions: Readonly<Record<ProtocolChoice, number>> = {
  '3.0': ProtocolVersion.v3_0,
  '3.2': ProtocolVersion.v3_2,
};

export interface StartupOptions {
  readonly parameters: Readonly<Record<string, string>>;
  readonly authenticator: Authenticator;
  readonly minProtocol: ProtocolChoice;
  readonly maxProtocol: ProtocolChoice;
}

/**
 * From the startup message to the first ReadyForQuery.
 *
 * @returns what a cancel request needs
 */
export async function startUp(link: Link, options: StartupOptions): Promise<BackendKeyData> {
  const startup = new Startup(link, options);
  await link.submit([startup.firstMessage()], 1, startup.onFrame);
  return startup.finish();
}

/** The conversation. Authentication is the only part that waits for anything but the server. */
class Startup {
  readonly #link: Link;
  readonly #options: StartupOptions;
  #key: BackendKeyData | null = null;
  #version: number;
  #authenticationError: unknown = null;

  constructor(link: Link, options: StartupOptions) {
    this.#link = link;
    this.#options = options;
    this.#version = versions[options.maxProtocol];
  }

  firstMessage(): Buffer {
    return new MessageWriter().startup(this.#version, this.#options.parameters).take();
  }

  readonly onFrame: OnFrame = (tag, bytes, start, end) => {
    switch (tag) {
      case BackendTag.authentication:
        this.#authenticate(bytes, start, end);
        return;
      case BackendTag.backendKeyData:
        this.#key = decodeBackendKeyData(bytes, start, end);
        return;
      case BackendTag.negotiateProtocolVersion:
        this.#negotiate(bytes, start, end);
        return;
      case BackendTag.errorResponse:
        throw new ServerError(decodeErrorFields(bytes, start, end), this.#link.place);
      case BackendTag.readyForQuery:
        return;
      default:
        throw this.#unexpected(tag);
    }
  };

  /** After ReadyForQuery, which says nothing about who the server is. */
  finish(): BackendKeyData {
    if (this.#authenticationError !== null) throw this.#authenticationError;
    if (!this.#options.authenticator.isDone) throw this.#unexpected(BackendTag.readyForQuery);
    // A server may have no key to give; then there is nothing to cancel with.
    return this.#key ?? { pid: 0, key: Buffer.alloc(4) };
  }

  /** The answer may take a while to compute; messages behind it in the same read are handled meanwhile. */
  #authenticate(bytes: Buffer, start: number, end: number): void {
    const message = decodeAuthentication(bytes, start, end);
    this.#options.authenticator.answer(message).then(
      (answer) => {
        if (answer !== null) this.#link.write(answer);
      },
      (error: unknown) => {
        this.#authenticationError ??= error;
        this.#link.fail(error);
      },
    );
  }

  #negotiate(bytes: Buffer, start: number, end: number): void {
    const { parameters, minProtocol } = this.#options;
    const answer = decodeNegotiateProtocolVersion(bytes, start, end);
    this.#version = negotiatedVersion(this.#version, Object.keys(parameters), answer);
    if (this.#version < versions[minProtocol]) {
      const offered = describeVersion(this.#version);
      throw new SluiceError('PROTO_NEGOTIATION', {
        requested: minProtocol,
        offered,
        reason: 'min_protocol_version asks for more',
      });
    }
  }

  #unexpected(tag: number): SluiceError {
    return new SluiceError('SESSION_UNEXPECTED', {
      place: this.#link.place,
      tag: describeTag(tag),
    });
  }
}
