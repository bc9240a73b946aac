import pg from 'pg';
import { displayName, readTables } from '../../catalog/index.ts';
import { SluiceError } from '../../errors/index.ts';
import {
  advance,
  claimPipeline,
  migrate,
  readPipeline,
  setFirstPosition,
  startPosition,
  type Owner,
} from '../../ledger/index.ts';
import {
  Backoff,
  isAbort,
  silentLog,
  sqlstateOf,
  systemClock,
  type Log,
} from '../../service/index.ts';
import {
  createPgClient,
  createSlot,
  identifySystem,
  parseSide,
  Session,
} from '../../session/index.ts';
import { BlockQueue, readSlotChanges, SpillArea, type ChangeReader } from '../../stream/index.ts';
import type { Lsn } from '../../wire/index.ts';
import { becomeRunner, databaseIdentity } from '../connections.ts';
import { pumpBlocks } from '../pump.ts';
import { sourceNames } from '../source/names.ts';
import { publish } from '../source/publication.ts';
import { readSlot, removeSlot } from '../source/slot.ts';
import { TransactionReader, type FollowedTransaction } from './transaction.ts';

export interface FollowOptions {
  /** Connection string of the database whose changes are followed. */
  readonly source: string;
  /** Connection string of the database that keeps the position (schema `sluice` is made there). */
  readonly positions: string;
  /** Names what is followed, one per database of positions. */
  readonly name: string;
  /** Patterns; default: every table. */
  readonly tables?: readonly string[];
  /** Transactional logical messages, too. Default false. */
  readonly withMessages?: boolean;
  readonly spill?: { readonly directory?: string; readonly maxBytes?: number };
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/**
 * The committed transactions of a database, in commit order, from where the last run ended; the first run
 * begins with what commits after it started.
 *
 * A transaction counts as handled when the next one is asked for: then its position is written, and
 * the source may forget it. A crash before that brings it again (at least once). For exactly once, see
 * {@link followInto}.
 *
 * While another process follows under this name, this one stands by, told once in the log; it goes on from the
 * other's position once that one has ended, however it did.
 *
 * Ends when the signal aborts; reading the changes of a transaction that has not come whole throws its reason.
 *
 * @example
 *     for await (const transaction of follow({ source, positions, name: 'audit' }))
 *       for await (const change of transaction.changes()) console.log(change.kind, change);
 *
 * @throws SluiceError REPLICATE_NO_TABLES, REPLICATE_SLOT_UNKNOWN, LEDGER_*
 */
export async function* follow(options: FollowOptions): AsyncGenerator<FollowedTransaction> {
  const following = await beginUnlessAborted(options);
  if (following === null) return;
  try {
    for (;;) {
      const transaction = await following.next();
      if (transaction === null) return;
      yield transaction;
      await following.handled();
    }
  } catch (error) {
    if (!isAbort(error, following.signal)) throw error;
  } finally {
    await following.end();
  }
}

/**
 * Hands each transaction to `handle` together with a `pg` client of the positions' database, inside a
 * transaction that also writes the position: what `handle` does there happens exactly once (P1). When it
 * throws, everything is rolled back and the error is thrown on.
 *
 * Stands by as {@link follow} does. Resolves when the signal aborts; a transaction that has not come whole is rolled back then.
 */
export async function followInto(
  options: FollowOptions,
  handle: (transaction: FollowedTransaction, tx: pg.Client) => Promise<void>,
): Promise<void> {
  const following = await beginUnlessAborted(options);
  if (following === null) return;
  try {
    const client = createPgClient(options.positions, {
      purpose: options.name,
      side: 'target',
      inherit: ['search_path'], // the handler's SQL means what it means in the application
    });
    await client.connect();
    try {
      for (;;) {
        const transaction = await following.next();
        if (transaction === null) return;
        await inOneTransaction(client, async () => {
          await handle(transaction, client);
          await following.advanceIn(client);
        });
        following.confirm();
      }
    } finally {
      await client.end();
    }
  } catch (error) {
    if (!isAbort(error, following.signal)) throw error;
  } finally {
    await following.end();
  }
}

/** Null when the signal aborted before there was anything to follow. */
async function beginUnlessAborted(options: FollowOptions): Promise<Following | null> {
  const signal = options.signal ?? new AbortController().signal;
  try {
    return await Following.begin(options, signal);
  } catch (error) {
    if (isAbort(error, signal)) return null;
    throw error;
  }
}

async function inOneTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
  await client.query('COMMIT');
}

/** What both forms share: the sessions, the slot, the position. */
class Following {
  readonly signal: AbortSignal;
  readonly #sessions: readonly Session[];
  readonly #ledger: Session;
  readonly #owner: Owner;
  readonly #reader: ChangeReader;
  readonly #queue: BlockQueue;
  readonly #pumped: Promise<void>;
  readonly #area: SpillArea;
  readonly #transactions: TransactionReader;
  #position: Lsn;
  #reached: Lsn;

  private constructor(parts: {
    signal: AbortSignal;
    sessions: readonly Session[];
    ledger: Session;
    owner: Owner;
    reader: ChangeReader;
    area: SpillArea;
    position: Lsn;
  }) {
    this.signal = parts.signal;
    this.#sessions = parts.sessions;
    this.#ledger = parts.ledger;
    this.#owner = parts.owner;
    this.#reader = parts.reader;
    this.#area = parts.area;
    this.#position = this.#reached = parts.position;
    this.#queue = new BlockQueue({ memoryBytes: 8 * 1024 * 1024, area: parts.area });
    this.#pumped = pumpBlocks(parts.reader, this.#queue).ended;
    this.#transactions = new TransactionReader(() => this.#queue.shift(), parts.signal);
    parts.signal.addEventListener('abort', () => this.#queue.end(), { once: true });
  }

  static async begin(options: FollowOptions, signal: AbortSignal): Promise<Following> {
    const { name, log = silentLog } = options;
    const sourceTarget = parseSide('source', options.source);
    const onSource = { purpose: name, side: 'source', signal } as const;
    const sessions: Session[] = [];
    const open = async (...args: Parameters<typeof Session.connect>): Promise<Session> => {
      const session = await Session.connect(...args);
      sessions.push(session);
      return session;
    };
    const area = new SpillArea(name, {
      directory: options.spill?.directory,
      maxBytes: options.spill?.maxBytes ?? 10 * 1024 ** 3,
    });
    try {
      // First: one that stands by takes no connection of the source.
      const ledger = await open(options.positions, {
        ...onSource,
        side: 'target',
      });
      await becomeRunner(ledger, { name, log, signal });
      const source = await open(sourceTarget, onSource);
      const replication = await open(sourceTarget, { ...onSource, replication: true });
      await migrate(ledger);
      const begun = await begin(options, source, replication, ledger);
      const read = () =>
        readSlotChanges({
          session: replication,
          slot: begun.slot,
          publications: [begun.publication],
          from: begun.position,
          isBinary: false,
          isStreaming: true,
          withMessages: options.withMessages ?? false,
          area,
        });
      const reader = await onceFree(read, signal);
      signal.throwIfAborted(); // from here on its abort is listened for
      const { owner, position } = begun;
      return new Following({ signal, sessions, ledger, owner, reader, area, position });
    } catch (error) {
      for (const session of sessions) session.destroy();
      await area.remove();
      throw error;
    }
  }

  /** The next transaction, null when following was stopped. */
  async next(): Promise<FollowedTransaction | null> {
    for (;;) {
      const next = await this.#transactions.next();
      if (next !== 'quiet') return this.signal.aborted ? null : next;
      // A keepalive may tell of less than what was sent: the position never goes back.
      const quietUntil = this.#transactions.quietUntil!;
      if (quietUntil <= this.#position) continue;
      // Nothing for us up to here: written down, so that the source may forget it.
      this.#reached = quietUntil;
      await this.#write(this.#ledger);
      this.confirm();
    }
  }

  async handled(): Promise<void> {
    this.#reached = (await this.#transactions.finish())!;
    await this.#write(this.#ledger);
    this.confirm();
  }

  async advanceIn(client: pg.Client): Promise<void> {
    this.#reached = (await this.#transactions.finish())!;
    await this.#write(client);
  }

  /** The position is committed (synchronously: these sessions leave synchronous_commit on). */
  confirm(): void {
    this.#position = this.#reached;
    this.#reader.confirm(this.#position);
  }

  async end(): Promise<void> {
    this.#queue.end();
    await this.#reader.stop();
    await this.#pumped;
    await Promise.all(this.#sessions.map((session) => session.close()));
    await this.#area.remove();
  }

  async #write(tx: Session | pg.Client): Promise<void> {
    await advance(tx, this.#owner, this.#position, this.#reached);
  }
}

async function begin(
  options: FollowOptions,
  source: Session,
  replication: Session,
  ledger: Session,
): Promise<{ owner: Owner; slot: string; publication: string; position: Lsn }> {
  const { name, log = silentLog } = options;
  const tables = await readTables(source, { include: options.tables ?? [] });
  const chosen = tables.filter((table) => table.kind === 'r' && table.persistence === 'p');
  if (chosen.length === 0) {
    const patterns = options.tables?.join(', ') ?? '*.*';
    throw new SluiceError('REPLICATE_NO_TABLES', { pipeline: name, patterns });
  }
  log.debug('following tables', { tables: chosen.map((table) => displayName(table)) });
  const made = sourceNames(name, await databaseIdentity(ledger));
  const known = await readPipeline(ledger, name);
  if (!known && (await readSlot(source, made.slot)))
    throw new SluiceError('REPLICATE_SLOT_UNKNOWN', { slot: made.slot, pipeline: name });
  const system = await identifySystem(replication);
  const owner = await claimPipeline(ledger, {
    name,
    sourceSystemId: system.systemId,
    sourceDatabase: system.database ?? '',
    ...made,
  });
  await publish(source, owner.publication, chosen, 'insert, update, delete, truncate');
  const slot = await readSlot(source, owner.slot);
  const { publication } = owner;
  const position = startPosition(owner, slot, null);
  if (position !== null) return { owner, slot: owner.slot, publication, position };
  if (slot) await removeSlot(source, owner.slot);
  const created = await createSlot(replication, {
    name: owner.slot,
    temporary: false,
    snapshot: 'nothing',
  });
  await setFirstPosition(ledger, owner, created.consistentPoint);
  return { owner, slot: owner.slot, publication, position: created.consistentPoint };
}

/** The walsender of a process that died may have the slot for a moment yet. */
async function onceFree<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const backoff = new Backoff();
  for (;;) {
    try {
      return await read();
    } catch (error) {
      if (sqlstateOf(error) !== '55006') throw error;
      await systemClock.sleep(backoff.nextDelayMs(), signal);
    }
  }
}
