/** A NATS server with JetStream, and the stream that keeps the messages. */
export interface NatsSinkOptions {
  /** As messages call the sink. */
  readonly name: string;
  /** `host:port`, or `tls://host:port`; one of them is enough. */
  readonly servers: readonly string[];
  /** The stream that must take every message. It exists already. */
  readonly stream: string;
  /** With `{subject}` where the message's own goes. Default `sluice.{subject}`. */
  readonly subject?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** The content of a `.creds` file: a user's JWT and its seed. */
  readonly credentials?: string | undefined;
  /** A file with the certificates of who may have signed the server's. Default: Node's. */
  readonly caFile?: string | undefined;
  /** Messages sent and not acknowledged, at most. Default 512. */
  readonly maxInFlight?: number | undefined;
  /** Their payloads together, at most; one message is always let through. Default 8 MiB. */
  readonly maxInFlightBytes?: number | undefined;
  /** How long an acknowledgement may take. Default 10 s. */
  readonly ackTimeoutMs?: number | undefined;
  /** The least duplicate window that the stream should have. Default 2 min, which is also the server's. */
  readonly dedupWindowMs?: number | undefined;
}
