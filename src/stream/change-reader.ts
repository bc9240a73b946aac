import type { ReplicationStream, Session } from '../session/index.ts';
import type { Lsn } from '../wire/index.ts';
import { Backlog, type BacklogOptions } from './backlog.ts';
import type { ChangeBlock } from './block.ts';
import { committedOrder } from './committed-order.ts';
import type { SpillArea } from './spill-area.ts';

/** Where changes are read from: whole transactions in commit order, from a position on. */
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
  /** Without it the slot is always read by a walsender. */
  readonly backlog?: BacklogOptions | undefined;
}

/** Reads a slot: what waits in it through SQL, when that is much and asked for; else by a walsender. */
export async function readSlotChanges(options: SlotReaderOptions): Promise<ChangeReader> {
  const backlog = options.backlog ? await openBacklog(options, options.backlog) : null;
  return backlog ? new BacklogReader(backlog, options) : await openWalsender(options);
}

async function openBacklog(
  options: SlotReaderOptions,
  backlog: BacklogOptions,
): Promise<Backlog | null> {
  // A transaction that is sent before its end would be sent again with every piece.
  const at = { ...options, pluginOptions: pluginOptions({ ...options, isStreaming: false }) };
  return await Backlog.open(at, backlog);
}

/** START_REPLICATION. */
async function openWalsender(options: SlotReaderOptions): Promise<WalsenderReader> {
  const stream = await options.session.startReplication({
    slot: options.slot,
    from: options.from,
    pluginOptions: pluginOptions(options),
    silenceLimitMs: options.silenceLimitMs,
  });
  return new WalsenderReader(stream, options);
}

/** First what waits, then as it comes. */
class BacklogReader implements ChangeReader {
  readonly #backlog: Backlog;
  readonly #options: SlotReaderOptions;
  #walsender: WalsenderReader | null = null;
  #confirmed: Lsn | null = null;
  #isStopped = false;
  #opening: Promise<unknown> = Promise.resolve();

  constructor(backlog: Backlog, options: SlotReaderOptions) {
    this.#backlog = backlog;
    this.#options = options;
  }

  get sourceEnd(): Lsn {
    return this.#walsender?.sourceEnd ?? this.#backlog.sourceEnd;
  }

  async *blocks(): AsyncGenerator<ChangeBlock, void> {
    yield* this.#backlog.blocks();
    if (this.#isStopped) return;
    const opening = this.#open();
    this.#opening = opening.catch(() => undefined); // whoever iterates hears of it
    const walsender = await opening;
    if (walsender) yield* walsender.blocks();
  }

  confirm(position: Lsn): void {
    if (this.#confirmed !== null && position <= this.#confirmed) return;
    this.#confirmed = position;
    (this.#walsender ?? this.#backlog).confirm(position);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (!this.#walsender) await this.#backlog.stop();
    await this.#opening;
    await this.#walsender?.stop();
  }

  async #open(): Promise<WalsenderReader | null> {
    const { position } = this.#backlog;
    await this.#backlog.finish();
    if (this.#isStopped) return null;
    this.#walsender = await openWalsender({ ...this.#options, from: position });
    await this.#backlog.leave();
    if (this.#confirmed !== null) this.#walsender.confirm(this.#confirmed);
    return this.#walsender;
  }
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
