import { onTestFinished } from 'vitest';
import { compareColumns, displayName, readTables, type Table } from '../../../src/catalog/index.ts';
import {
  claimPipeline,
  migrate,
  readJournal,
  readTableStates,
  type DroppedObject,
  type Owner,
  type PipelineTable,
} from '../../../src/ledger/index.ts';
import {
  copyTables,
  restoreForeignKeys,
  type CopyRequest,
  type CopySummary,
  type CopyTable,
} from '../../../src/replicate/copy/index.ts';
import { silentLog, silentProgress } from '../../../src/service/index.ts';
import { createSlot, parseConnection, Session } from '../../../src/session/index.ts';
import type { Lsn } from '../../../src/wire/index.ts';
import { TestDatabase, type TestServer } from '../../kit/index.ts';

/** A snapshot that a session of the test's holds open. */
export interface HeldSnapshot {
  readonly name: string;
  readonly lsn: Lsn;
  readonly holder: Session;
  readonly lost: AbortSignal;
}

/** Two databases, an owned pipeline between them, and all it takes to copy. */
export class CopyScene {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  owner: Owner;
  /** Ways that connections of the copy take; tests put a proxy there. */
  sourceUrl: string;
  targetUrl: string;
  readonly #sessions: { source: Session; target: Session };
  readonly #slot: string;

  static async make(options: {
    source: TestServer;
    target: TestServer;
    sql: string;
    /** Default: the same as the source's. */
    targetSql?: string;
    /** What only the source is filled with. */
    rows?: string;
  }): Promise<CopyScene> {
    const source = await options.source.database(options.sql);
    const target = await options.target.database(options.targetSql ?? options.sql);
    if (options.rows !== undefined) await source.query(options.rows);
    const sessions = {
      source: await Session.connect(source.url, { purpose: 'scene' }),
      target: await Session.connect(target.url, { purpose: 'scene' }),
    };
    await migrate(sessions.target);
    const scene = new CopyScene(source, target, sessions);
    await scene.claim();
    onTestFinished(() => scene.close());
    return scene;
  }

  private constructor(
    source: TestDatabase,
    target: TestDatabase,
    sessions: { source: Session; target: Session },
  ) {
    this.source = source;
    this.target = target;
    this.sourceUrl = source.url;
    this.targetUrl = target.url;
    this.#sessions = sessions;
    this.#slot = `copy_${source.name}`;
    this.owner = { name: 'p', epoch: 0n };
  }

  get tx(): Session {
    return this.#sessions.target;
  }

  /** Becomes the owner; whoever was it before is fenced off. */
  async claim(): Promise<Owner> {
    this.owner = await claimPipeline(this.#sessions.target, {
      name: 'p',
      sourceSystemId: '1',
      sourceDatabase: this.source.name,
      slot: this.#slot,
      publication: 'p',
    });
    return this.owner;
  }

  /** As both catalogs are now; every plain table and leaf of the source. */
  async tables(): Promise<CopyTable[]> {
    const sources = await readTables(this.#sessions.source);
    const targets = await readTables(this.#sessions.target);
    const byName = new Map(targets.map((table) => [displayName(table), table]));
    return sources
      .filter(({ kind }) => kind === 'r')
      .flatMap((source) => {
        const target = byName.get(displayName(source)) ?? parentOf(source, sources, byName);
        if (target === undefined) return [];
        return [
          {
            source,
            target,
            format: compareColumns(source, target).binarySafe ? 'binary' : 'text',
            columns: source.columns.filter((c) => c.generated === '').map((c) => c.name),
          } as const,
        ];
      });
  }

  /** A temporary slot's. */
  async snapshot(): Promise<HeldSnapshot> {
    const holder = await Session.connect(this.source.url, { purpose: 'holder', replication: true });
    onTestFinished(() => holder.close());
    const name = `${this.#slot}_${(snapshots += 1)}`;
    const slot = await createSlot(holder, { name, temporary: true, snapshot: 'export' });
    const lost = new AbortController();
    void holder.closed.then(() => lost.abort());
    if (slot.snapshotName === null) throw new Error('the slot came without a snapshot');
    return { name: slot.snapshotName, lsn: slot.consistentPoint, holder, lost: lost.signal };
  }

  async request(
    options: Partial<CopyRequest> & { held?: HeldSnapshot } = {},
  ): Promise<CopyRequest> {
    const { held = await this.snapshot(), ...rest } = options;
    return {
      source: parseConnection(this.sourceUrl),
      target: parseConnection(this.targetUrl),
      owner: this.owner,
      tables: await this.tables(),
      snapshot: { name: held.name, lsn: held.lsn },
      snapshotLost: held.lost,
      jobs: 2,
      keepIndexesBelowBytes: 0,
      log: silentLog,
      progress: silentProgress,
      signal: new AbortController().signal,
      ...rest,
    };
  }

  async copy(options: Partial<CopyRequest> & { held?: HeldSnapshot } = {}): Promise<CopySummary> {
    return copyTables(await this.request(options));
  }

  async restoreForeignKeys(): Promise<void> {
    await restoreForeignKeys({
      target: parseConnection(this.targetUrl),
      owner: this.owner,
      jobs: 2,
      log: silentLog,
      signal: new AbortController().signal,
    });
  }

  async states(): Promise<Record<string, PipelineTable['state']>> {
    const states = await readTableStates(this.#sessions.target, this.owner.name);
    return Object.fromEntries(states.map((table) => [displayName(table), table.state]));
  }

  async journal(): Promise<DroppedObject[]> {
    return readJournal(this.#sessions.target, this.owner.name);
  }

  /** Every index, constraint, comment and mark of the target's own tables, as readable lines. */
  async objects(): Promise<string[]> {
    const rows = await this.target.rows<{ line: string }>(objectsSql);
    return rows.map(({ line }) => line);
  }

  async close(): Promise<void> {
    await Promise.all([this.#sessions.source.close(), this.#sessions.target.close()]);
  }
}

let snapshots = 0;

function parentOf(
  table: Table,
  sources: readonly Table[],
  targets: ReadonlyMap<string, Table>,
): Table | undefined {
  const parent = sources.find(({ oid }) => oid === table.parentOid);
  return parent === undefined ? undefined : targets.get(displayName(parent));
}

const objectsSql = `
  SELECT format('index %s: %s valid=%s clustered=%s replident=%s tablespace=%s options=%s comment=%s targets=%s parent=%s',
           x.indexrelid::regclass, pg_get_indexdef(x.indexrelid), x.indisvalid, x.indisclustered,
           x.indisreplident, i.reltablespace, i.reloptions, obj_description(x.indexrelid),
           (SELECT string_agg(attnum || ':' || attstattarget, ',' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = x.indexrelid AND attstattarget >= 0),
           (SELECT inhparent::regclass FROM pg_inherits WHERE inhrelid = x.indexrelid)) AS line
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid
   WHERE t.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace, 'sluice'::regnamespace)
  UNION ALL
  SELECT format('constraint %s of %s: %s validated=%s deferrable=%s/%s comment=%s inherited=%s/%s parent=%s',
           conname, conrelid::regclass, pg_get_constraintdef(oid), convalidated, condeferrable,
           condeferred, obj_description(oid, 'pg_constraint'), coninhcount,
           -- NOT NULL of a partition becomes its own as well with its primary key, as in every dump.
           conislocal AND NOT (contype = 'n' AND coninhcount > 0),
           (SELECT p.conname FROM pg_constraint p WHERE p.oid = c.conparentid))
    FROM pg_constraint c
   WHERE connamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'sluice'::regnamespace)
  UNION ALL
  SELECT format('table %s: identity=%s', oid::regclass, relreplident)
    FROM pg_class WHERE relkind IN ('r', 'p')
     AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'sluice'::regnamespace)
   ORDER BY 1`;
