import { becomeRunner, databaseIdentity, readPipeline } from '../ledger/index.ts';
import type { Log } from '../service/index.ts';
import { parseSide, Session, untilAborted, type ConnectionTarget } from '../session/index.ts';
import type { Lsn } from '../wire/index.ts';

/** The sessions of one attempt. All end together; any that ends ends the attempt. */
export interface PipelineConnections {
  readonly sourceTarget: ConnectionTarget;
  readonly targetTarget: ConnectionTarget;
  /** SQL on the source: catalogs, publication, slots. */
  readonly source: Session;
  /** The walsender that the slot is read through. */
  readonly replication: Session;
  /** SQL on the target: catalogs, ledger. */
  readonly target: Session;
  /** The changes. It also holds the advisory lock that makes this process the pipeline's runner. */
  readonly apply: Session;
  /** Triggers and foreign keys of the target do not fire for the apply session. */
  readonly isReplicaRole: boolean;
  /** Server and database of the target, as text that tells it from every other. */
  targetIdentity(): Promise<string>;
  /** The position that a comparison holds apply at, null when none does. */
  readHold(pipeline: string): Promise<Lsn | null>;
  /** One more session on the source; it ends with `source`. The caller closes it. */
  openOnSource(): Promise<Session>;
  close(): Promise<void>;
}

/**
 * Opens the sessions of a pipeline and becomes its runner: while another process runs the pipeline, this
 * waits, told once in the log.
 */
export async function openConnections(options: {
  source: string;
  target: string;
  name: string;
  synchronousCommit: 'off' | 'local' | 'on';
  log: Log;
  signal: AbortSignal;
  onStandby: () => void;
}): Promise<PipelineConnections> {
  const { signal, name } = options;
  const sourceTarget = parseSide('source', options.source);
  const targetTarget = parseSide('target', options.target);
  const opened: Session[] = [];
  const open = async (to: ConnectionTarget, more: object): Promise<Session> => {
    const session = await Session.connect(to, {
      purpose: name,
      side: to === sourceTarget ? 'source' : 'target',
      signal,
      ...more,
    });
    opened.push(session);
    return session;
  };
  return untilAborted(signal, opened, async () => {
    const source = await open(sourceTarget, {});
    const replication = await open(sourceTarget, { replication: true });
    // A source that shuts down ends its SQL sessions first, and waits for walsenders until all they sent is
    // confirmed: while tables are copied, or the target is slow, that may be hours.
    void source.closed.then(() => replication.destroy());
    const target = await open(targetTarget, {});
    const apply = await open(targetTarget, {
      settings: { synchronous_commit: options.synchronousCommit, client_min_messages: 'error' },
    });
    await becomeRunner(apply, options);
    const isReplicaRole = await setReplicaRole(apply);
    return {
      sourceTarget,
      targetTarget,
      source,
      replication,
      target,
      apply,
      isReplicaRole,
      targetIdentity: () => databaseIdentity(target),
      openOnSource: async () => {
        const session = await open(sourceTarget, {});
        void source.closed.then(() => session.destroy());
        return session;
      },
      readHold: async (pipeline) => (await readPipeline(target, pipeline))?.holdLsn ?? null,
      close: async () => {
        await Promise.all(opened.map((session) => session.close()));
      },
    };
  });
}

/** False when the role may not: then the target's triggers fire and its foreign keys are checked. */
async function setReplicaRole(apply: Session): Promise<boolean> {
  const may = await apply.query(
    `SELECT (pg_catalog.current_setting('is_superuser') = 'on' OR
       pg_catalog.has_parameter_privilege('session_replication_role', 'SET'))::text AS may`,
  );
  if (may.rows[0]?.['may'] !== 'true') return false;
  await apply.query('SET session_replication_role = replica');
  return true;
}
