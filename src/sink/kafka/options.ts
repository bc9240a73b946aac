/** A Kafka cluster, and the topics that take the messages. */
export interface KafkaSinkOptions {
  /** As messages call the sink. */
  readonly name: string;
  /** `host:port`, some of the cluster. */
  readonly brokers: readonly string[];
  /** With `{subject}` where the message's own goes. Default `{subject}`: a topic a table, or a queue. */
  readonly topic?: string | undefined;
  /** Speaks TLS. A `caFile` says so too. */
  readonly tls?: boolean | undefined;
  /** A file with the certificates of who may have signed the brokers'. Default: Node's. */
  readonly caFile?: string | undefined;
  readonly sasl?:
    | {
        readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
        readonly username: string;
        readonly password: string;
      }
    | undefined;
  /** Messages of one request, at most. Default 1000. */
  readonly batchMessages?: number | undefined;
  /** Their payloads together, at most; one message is always let through. Default 512 KiB. */
  readonly batchBytes?: number | undefined;
  /** How long an acknowledgement may take. Default 30 s. */
  readonly ackTimeoutMs?: number | undefined;
}
