import { isSluiceError } from '../../errors/index.ts';
import { recordError, type Finding } from '../../service/index.ts';
import { Session } from '../../session/index.ts';
import { text } from '../admin/rows.ts';
import { findSchema } from '../admin/schema.ts';
import { loadSql } from '../sql.ts';
import { findQueueProblem as find } from './findings.ts';

const readFactsSql = loadSql('check/read-facts');

export interface CheckOptions {
  /** What a name of a database stands for. */
  readonly connectionOf: (database: string) => Promise<string>;
  readonly signal: AbortSignal;
}

/** A database that is looked at. */
export interface CheckedDatabase {
  /** As the file calls it. */
  readonly name: string;
  readonly session: Session;
  readonly facts: DatabaseFacts;
}

interface DatabaseFacts {
  readonly user: string;
  readonly isStandby: boolean;
  /** Left out: the database has nothing to do that with. */
  readonly may: Readonly<Partial<Record<'keep' | 'read' | 'insert' | 'track', boolean>>>;
  readonly mayReadVersion: boolean;
  /** Who else ticks, in words. */
  readonly tickers: string | null;
}

/** Connects and looks; that it cannot be reached is found like all else. */
export async function checkDatabase(
  name: string,
  { connectionOf, signal }: CheckOptions,
  look: (database: CheckedDatabase) => Promise<Finding[]>,
): Promise<Finding[]> {
  let session: Session;
  try {
    session = await Session.connect(await connectionOf(name), { purpose: 'check', signal });
  } catch (error) {
    if (signal.aborted || !isSluiceError(error)) throw error;
    return [find('CHECK_DATABASE', name, recordError(error).message)];
  }
  try {
    return await look({ name, session, facts: await readFacts(session) });
  } finally {
    await session.close();
  }
}

async function readFacts(session: Session): Promise<DatabaseFacts> {
  const { rows } = await session.query(readFactsSql);
  const facts: DatabaseFacts = JSON.parse(text(rows[0]!, 'facts'));
  return facts;
}

/** Queues and positions are written, also by who only reads. */
export function lookAtWriting({ name, facts }: CheckedDatabase): Finding[] {
  return facts.isStandby ? [find('CHECK_QUEUE_STANDBY', name, 'it is in recovery')] : [];
}

/** Without findings there are queues, and they can be written. */
export async function lookAtSchema(
  database: CheckedDatabase,
  needed: 'ours' | 'any',
): Promise<Finding[]> {
  const { name, session } = database;
  const findings = lookAtWriting(database);
  const schema = await findSchema(session);
  if (schema === null) {
    findings.push(find('CHECK_QUEUE_SCHEMA', name, 'no schema pgq', { database: name }));
  } else if (schema === 'original' && needed === 'ours') {
    const evidence = 'it has the original, expected ours';
    findings.push(find('CHECK_QUEUE_ORIGINAL', name, evidence, { database: name }));
  }
  return findings;
}

const rightsCodes = {
  keep: 'CHECK_QUEUE_ADMIN',
  read: 'CHECK_QUEUE_READER',
  insert: 'CHECK_QUEUE_WRITER',
  track: 'CHECK_QUEUE_WRITER',
} as const;

export function lookAtRights(
  { name, facts }: CheckedDatabase,
  work: keyof typeof rightsCodes,
): Finding[] {
  if (facts.may[work] !== false) return [];
  const schema = work === 'track' ? 'pgq_ext' : 'pgq';
  const evidence = `user ${facts.user} may not call all of schema ${schema} that it takes`;
  return [find(rightsCodes[work], name, evidence, { user: facts.user })];
}
