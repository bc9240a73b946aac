import { readDatabase, readRole } from '../../catalog/index.ts';
import { isSluiceError } from '../../errors/index.ts';
import { databaseIdentity, ledgerExists, readPipeline } from '../../ledger/index.ts';
import { blockingFindings, type Finding } from '../../service/index.ts';
import { readSlot } from '../../stream/index.ts';
import { knownPosition, pipelineName } from '../wal/begin.ts';
import { findSourceQueue, type SourceQueue } from '../wal/source-queue.ts';
import { kindOf } from './consumer.ts';
import {
  checkDatabase,
  lookAtRights,
  lookAtSchema,
  type CheckedDatabase,
  type CheckOptions,
} from './database.ts';
import { findQueueProblem as find } from './findings.ts';

/** A queue in the WAL and where its events go; databases as the file calls them. */
export interface WalQueuePlace {
  readonly queue: string;
  readonly source: string;
  readonly target: string;
  readonly targetQueue: string;
}

/** Looks at both sides of a queue that lives in the WAL. */
export async function checkWalQueue(
  { queue, source, target, targetQueue }: WalQueuePlace,
  options: CheckOptions,
): Promise<Finding[]> {
  const findings = [
    ...(await checkDatabase(source, options, (database) => lookAtSource(database, queue))),
    ...(await checkDatabase(target, options, (database) => lookAtTarget(database, targetQueue))),
  ];
  if (blockingFindings(findings).length > 0) return findings;
  const ofBoth = await checkDatabase(source, options, (from) =>
    checkDatabase(target, options, (to) => lookAtPosition(queue, from, to)),
  );
  return [...findings, ...ofBoth];
}

async function lookAtSource(database: CheckedDatabase, queue: string): Promise<Finding[]> {
  const unfit = await lookAtSchema(database, 'ours');
  if (unfit.length > 0) return unfit;
  const { name, session } = database;
  const findings = lookAtRights(database, 'keep');
  const { walLevel } = await readDatabase(session);
  if (walLevel !== 'logical') {
    const evidence = `wal_level is ${walLevel}, expected logical`;
    findings.push(find('CHECK_QUEUE_WAL_LEVEL', name, evidence));
  }
  const { name: user, canReplicate } = await readRole(session);
  if (!canReplicate) {
    const evidence = `role ${user} has no REPLICATION attribute`;
    findings.push(find('CHECK_QUEUE_WAL_REPLICATION', name, evidence, { user }));
  }
  const found = await findSourceQueue(session, queue);
  if (found !== null) return [...findings, ...(await lookAtSlot(database, found))];
  return [...findings, await describeMissing(database, queue)];
}

async function describeMissing(database: CheckedDatabase, queue: string): Promise<Finding> {
  const { name } = database;
  const place = `queue ${queue} of ${name}`;
  if ((await kindOf(database, queue)) === 'table') {
    return find('CHECK_QUEUE_WAL_NOT', place, 'it keeps its events in tables', { queue });
  }
  const details = { queue: `${queue} --kind wal`, database: name };
  return find('CHECK_QUEUE_MISSING', place, 'no such queue', details);
}

/** What is still to be made for it; once it is followed, there is nothing. */
async function lookAtSlot(database: CheckedDatabase, { made }: SourceQueue): Promise<Finding[]> {
  const { name, session } = database;
  if (made !== null && (await readSlot(session, made.slot)) !== null) return [];
  const server = await readDatabase(session);
  const findings = await lookAtCreating(database, 'a publication');
  const slots = `${server.usedReplicationSlots} of ${server.maxReplicationSlots} slots`;
  const senders = `${server.usedWalSenders} of ${server.maxWalSenders} WAL senders`;
  const isFull =
    server.usedReplicationSlots >= server.maxReplicationSlots ||
    server.usedWalSenders >= server.maxWalSenders;
  if (!isFull) return findings;
  return [...findings, find('CHECK_QUEUE_WAL_SLOTS', name, `${slots} and ${senders} are in use`)];
}

async function lookAtTarget(database: CheckedDatabase, queue: string): Promise<Finding[]> {
  const unfit = await lookAtSchema(database, 'ours');
  if (unfit.length > 0) return unfit;
  const { name, session } = database;
  const findings = lookAtRights(database, 'keep');
  const { encoding } = await readDatabase(session);
  if (encoding !== 'UTF8') {
    findings.push(find('CHECK_QUEUE_WAL_ENCODING', name, `its encoding is ${encoding}`));
  }
  if ((await kindOf(database, queue)) === 'wal') {
    findings.push(find('CHECK_QUEUE_KIND', `queue ${queue} of ${name}`, 'it lives in the WAL'));
  }
  const { ledger } = await readRole(session);
  if (ledger?.canUse !== true) findings.push(...(await lookAtCreating(database, 'schema sluice')));
  return findings;
}

async function lookAtCreating(
  { name, session }: CheckedDatabase,
  what: string,
): Promise<Finding[]> {
  const { name: user, canCreateInDatabase } = await readRole(session);
  if (canCreateInDatabase) return [];
  const { name: database } = await readDatabase(session);
  const evidence = `user ${user} may not make ${what}`;
  return [find('CHECK_QUEUE_WAL_CREATE', name, evidence, { database, user })];
}

/** What a start would find: whether everything after the target's position is still there. */
async function lookAtPosition(
  queue: string,
  source: CheckedDatabase,
  target: CheckedDatabase,
): Promise<Finding[]> {
  const found = await findSourceQueue(source.session, queue);
  if (found === null || found.made === null) return [];
  const place = `queue ${queue} of ${source.name}`;
  const here = await databaseIdentity(target.session);
  if (found.target !== here) {
    const evidence = `they go to ${found.target}, not to ${here}`;
    return [find('CHECK_QUEUE_WAL_TAKEN', place, evidence)];
  }
  const lost = (reason: string): Finding[] => [
    find('CHECK_QUEUE_WAL_LOST', place, reason, { queue }),
  ];
  const hasLedger = await ledgerExists(target.session);
  const known = hasLedger ? await readPipeline(target.session, pipelineName(found)) : null;
  if (known === null) return found.isOpen ? lost('the target does not know of it') : [];
  try {
    await knownPosition(queue, known, source.session);
    return [];
  } catch (error) {
    if (!isSluiceError(error, 'QUEUE_WAL_LOST')) throw error;
    return lost(String(error.details['reason']));
  }
}
