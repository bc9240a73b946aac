import type { ReplicationStream, Session } from '../session/index.ts';
import type { Lsn } from '../wire/index.ts';
import type { ChangeBlock } from './block.ts';
import { committedOrder } from './committed-order.ts';
import type { SpillArea } from './spill-area.ts';

/**
 * Where changes are read from: whole transactions in commit order, from a position on.
 *
 * The walsender is one way; reading the slot through SQL would be another.
 */
export interface ChangeReader {
  blocks(): AsyncIterable<ChangeBlock>;
  /** The newest end of WAL that the source told. */
  readonly sourceEnd: Lsn;
  /**
   * The source may forget what is before `position`. Only for what is durable on our side (P2). What is
   * behind an earlier call changes nothing: a durable spill is ahead of the target.
   */
  confirm(position: Lsn): void;
  /** Ends the reading in good order, the last confirmed position told. */
  stop(): Promise<void>;
}

export interface SlotReaderOptions {
  readonly session: Session;
  readonly slot: string;
  readonly publications: readonly string[];
  readonly from: Lsn;
  /** Values in their types' binary form. */
  readonly isBinary: boolean;
  /** Big transactions are sent before they end, and spilled here rather than there. */
  readonly isStreaming: boolean;
  /** Also logical messages. */
  readonly withMessages?: boolean;
  /** How long the server may send nothing, though asked, before it counts as gone. */
  readonly silenceLimitMs?: number | undefined;
  readonly area: SpillArea;
}

/** Reads a slot through a walsender (START_REPLICATION). */
export async function readSlotChanges(options: SlotReaderOptions): Promise<ChangeReader> {
  const stream = await options.session.startReplication({
    slot: options.slot,
    from: options.from,
    pluginOptions: pluginOptions(options),
    silenceLimitMs: options.silenceLimitMs,
  });
  return new WalsenderReader(stream, options);
}

class WalsenderReader implements ChangeReader {
  readonly #stream: ReplicationStream;
  readonly #options: SlotReaderOptions;
  #sourceEnd: Lsn;
  #confirmed: Lsn | null = null;

  constructor(stream: ReplicationStream, options: SlotReaderOptions) {
    this.#stream = stream;
    this.#options = options;
    this.#sourceEnd = options.from;
  }

  get sourceEnd(): Lsn {
    return this.#sourceEnd;
  }

  blocks(): AsyncIterable<ChangeBlock> {
    return committedOrder(this.#read(), this.#options);
  }

  confirm(position: Lsn): void {
    if (this.#confirmed !== null && position <= this.#confirmed) return;
    this.#confirmed = position;
    this.#stream.confirm({ written: position, flushed: position, applied: position });
  }

  async stop(): Promise<void> {
    await this.#stream.stop();
  }

  async *#read(): AsyncGenerator<ChangeBlock> {
    for await (const block of this.#stream) {
      this.#sourceEnd = block.serverWalEnd;
      yield block;
    }
  }
}

function pluginOptions(options: SlotReaderOptions): Record<string, string> {
  const { session, publications, isBinary, isStreaming, withMessages } = options;
  return {
    // 4 came with 16. 3 (two-phase) is never asked for: it adds nothing unless two_phase is on.
    proto_version: session.serverVersion >= 160_000 ? '4' : '2',
    publication_names: publications.map((name) => `"${name.replaceAll('"', '""')}"`).join(','),
    ...(isBinary && { binary: 'true' }),
    ...(isStreaming && { streaming: 'on' }),
    ...(withMessages && { messages: 'true' }),
  };
}
