import type pg from 'pg';
import { displayName } from '../../catalog/index.ts';
import { SluiceError } from '../../errors/index.ts';
import {
  advance,
  becomeRunner,
  claimPipeline,
  databaseIdentity,
  migrate,
  readPipeline,
  setFirstPosition,
  startPosition,
  type Pipeline,
} from '../../ledger/index.ts';
import { silentLog, type Log } from '../../service/index.ts';
import { createSlot, identifySystem, parseSide, Session } from '../../session/index.ts';
import {
  BlockQueue,
  onceFree,
  pumpBlocks,
  readSlot,
  readSlotChanges,
  removeSlot,
  sourceNames,
  SpillArea,
  type ChangeReader,
} from '../../stream/index.ts';
import type { Lsn } from '../../wire/index.ts';
import { planTables, type Plan } from '../plan.ts';
import { publicationsOf, publishPlan } from '../preparation.ts';
import { TransactionReader, type FollowedTransaction } from './transaction.ts';

export interface FollowOptions {
  /** Connection string of the database whose changes are followed. */
  readonly source: string;
  /** Connection string of the database that keeps the position (schema `sluice` is made there). */
  readonly positions: string;
  /** Names what is followed, one per database of positions. */
  readonly name: string;
  /** Patterns; default: every table. */
  readonly tables?: readonly string[] | undefined;
  /**
   * What to do with a table that has no usable replica identity: published whole, the application's UPDATE and DELETE
   * on it would fail. Default `refuse`.
   */
  readonly tablesWithoutKey?: 'refuse' | 'insert_only' | undefined;
  /** Transactional logical messages, too. Default false. */
  readonly withMessages?: boolean;
  readonly spill?:
    { readonly directory?: string | undefined; readonly maxBytes?: number | undefined } | undefined;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** What all forms of following share: the sessions, the slot, the position. */
export class Following {
  readonly signal: AbortSignal;
  readonly #sessions: readonly Session[];
  readonly #source: Session;
  readonly #ledger: Session;
  readonly #plan: Plan;
  readonly #owner: Pipeline;
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
    source: Session;
    ledger: Session;
    plan: Plan;
    owner: Pipeline;
    reader: ChangeReader;
    area: SpillArea;
    position: Lsn;
  }) {
    this.signal = parts.signal;
    this.#sessions = parts.sessions;
    this.#source = parts.source;
    this.#plan = parts.plan;
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

  static async begin(
    options: FollowOptions & { readonly onStandby?: () => void },
    signal: AbortSignal,
  ): Promise<Following> {
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
      const { onStandby } = options;
      await becomeRunner(ledger, { name, log, signal, ...(onStandby && { onStandby }) });
      const source = await open(sourceTarget, onSource);
      const replication = await open(sourceTarget, { ...onSource, replication: true });
      await migrate(ledger);
      const begun = await begin(options, source, replication, ledger);
      const read = () =>
        readSlotChanges({
          session: replication,
          slot: begun.slot,
          publications: begun.publications,
          from: begun.position,
          isBinary: false,
          isStreaming: true,
          withMessages: options.withMessages ?? false,
          area,
        });
      const reader = await onceFree(read, signal);
      signal.throwIfAborted(); // from here on its abort is listened for
      return new Following({ signal, sessions, source, ledger, reader, area, ...begun });
    } catch (error) {
      for (const session of sessions) session.destroy();
      await area.remove();
      throw error;
    }
  }

  /** Everything before this was handled, and the source knows. */
  get position(): Lsn {
    return this.#position;
  }

  /** The source's end of WAL when last heard. */
  get sourceEnd(): Lsn {
    return this.#reader.sourceEnd;
  }

  /** A session on the source, for questions about its catalog. */
  get source(): Session {
    return this.#source;
  }

  /** Its name. */
  get database(): string {
    return this.#owner.sourceDatabase;
  }

  get plan(): Plan {
    return this.#plan;
  }

  /** The next transaction, null when following was stopped. */
  async next(): Promise<FollowedTransaction | null> {
    for (;;) {
      const next = await this.read();
      if (next === null || !('quietUntil' in next)) return next;
      // A keepalive may tell of less than what was sent: the position never goes back.
      if (next.quietUntil <= this.#position) continue;
      await this.handledUntil(next.quietUntil); // nothing for us up to here: the source may forget it
    }
  }

  /** The next transaction, or how far there was none; null when following was stopped. Writes nothing. */
  async read(): Promise<FollowedTransaction | { readonly quietUntil: Lsn } | null> {
    const next = await this.#transactions.next();
    if (next === 'quiet') return { quietUntil: this.#transactions.quietUntil! };
    return this.signal.aborted ? null : next;
  }

  /** The position behind the transaction read last. */
  async finish(): Promise<Lsn> {
    return (await this.#transactions.finish())!;
  }

  /** Writes the position down, then tells the source. */
  async handledUntil(position: Lsn): Promise<void> {
    this.#reached = position;
    await this.#write(this.#ledger);
    this.confirm();
  }

  async handled(): Promise<void> {
    await this.handledUntil(await this.finish());
  }

  async advanceIn(client: pg.Client): Promise<void> {
    this.#reached = await this.finish();
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

interface Begun {
  readonly owner: Pipeline;
  readonly plan: Plan;
  readonly slot: string;
  readonly publications: readonly string[];
  readonly position: Lsn;
}

async function begin(
  options: FollowOptions,
  source: Session,
  replication: Session,
  ledger: Session,
): Promise<Begun> {
  const { name } = options;
  const plan = await planFollowing(source, options);
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
  await publishPlan(source, plan, owner);
  const begun = { owner, plan, slot: owner.slot, publications: publicationsOf(plan, owner) };
  const slot = await readSlot(source, owner.slot);
  const position = startPosition(owner, slot, null);
  if (position !== null) return { ...begun, position };
  if (slot) await removeSlot(source, owner.slot);
  const created = await createSlot(replication, {
    name: owner.slot,
    temporary: false,
    snapshot: 'nothing',
  });
  await setFirstPosition(ledger, owner, created.consistentPoint);
  return { ...begun, position: created.consistentPoint };
}

/** Tables go nowhere but to a program: what they are on the source is all there is to know of them. */
async function planFollowing(source: Session, options: FollowOptions): Promise<Plan> {
  const { name: pipeline, tablesWithoutKey = 'refuse', log = silentLog } = options;
  const tables = options.tables ?? [];
  const plan = await planTables(source, source, { tables, tablesWithoutKey });
  const chosen = plan.pairs.map((pair) => pair.source);
  if (chosen.length === 0) {
    const patterns = tables.length === 0 ? '*.*' : tables.join(', ');
    throw new SluiceError('REPLICATE_NO_TABLES', { pipeline, patterns });
  }
  const keyless = chosen.filter((table) => table.replicaIdentityColumns.length === 0);
  if (tablesWithoutKey === 'refuse' && keyless[0]) {
    const table = displayName(keyless[0]);
    throw new SluiceError('REPLICATE_NO_IDENTITY', { pipeline, table, count: keyless.length });
  }
  log.debug('following tables', { tables: chosen.map((table) => displayName(table)) });
  return plan;
}
