import type { DeadLetters } from '../sink.ts';

/** An address that takes each message as a signed POST. */
export interface HttpSinkOptions {
  /** As messages call the sink. */
  readonly name: string;
  readonly url: string;
  /**
   * Each signs every request, so that a receiver can go over to a new one at its own time. `whsec_` and base64, or any
   * text, whose UTF-8 bytes are the key.
   */
  readonly secrets: readonly string[];
  /** Of every request, beside ours: an Authorization, say. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default `application/json`. */
  readonly contentType?: string | undefined;
  /** How long one request may take, answer included. Default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Requests at once. More than 1 keep the order of each key only. Default 1. */
  readonly concurrency?: number | undefined;
  /** Where a message goes that the receiver refuses for good; without it, the sink stops there. */
  readonly deadLetters?: DeadLetters | undefined;
  /** A file with the certificates of who may have signed the server's. Default: Node's. */
  readonly caFile?: string | undefined;
}
