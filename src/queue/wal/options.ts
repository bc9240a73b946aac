/** Where a queue that lives in the WAL is followed, and where its events go. */
export interface WalQueueOptions {
  /** The queue's name in the source. */
  readonly queue: string;
  /** Connection string of the database whose WAL has the events; its role may replicate. */
  readonly source: string;
  /** Connection string of the database that gets them. */
  readonly target: string;
  /** The queue there; default: the same name. It is made when it is missing. */
  readonly targetQueue?: string | undefined;
  /** Ends where the source is when following begins. */
  readonly once?: boolean | undefined;
  /** Transactions that are sent before their end, and are large, wait here. */
  readonly spill?:
    { readonly directory?: string | undefined; readonly maxBytes?: number | undefined } | undefined;
}

export function targetQueueOf({ queue, targetQueue = queue }: WalQueueOptions): string {
  return targetQueue;
}
