import type { Finding } from '../../service/index.ts';
import { findSchema } from '../admin/schema.ts';
import { readSchemaVersion, schemaVersion } from '../install/install.ts';
import {
  checkDatabase,
  lookAtRights,
  lookAtSchema,
  type CheckedDatabase,
  type CheckOptions,
} from './database.ts';
import { findQueueProblem as find } from './findings.ts';

/** Looks at a database whose queues are to be ticked and maintained. */
export function checkKeptDatabase(name: string, options: CheckOptions): Promise<Finding[]> {
  return checkDatabase(name, options, async (database) => {
    const unfit = await lookAtSchema(database, 'any');
    if (unfit.length > 0) return unfit;
    return [
      ...(await lookAtVersion(database)),
      ...lookAtRights(database, 'keep'),
      ...lookAtTickers(database),
    ];
  });
}

async function lookAtVersion({ name, session, facts }: CheckedDatabase): Promise<Finding[]> {
  if (!facts.mayReadVersion || (await findSchema(session)) !== 'ours') return [];
  const found = await readSchemaVersion(session);
  if (found === schemaVersion) return [];
  const code = found < schemaVersion ? 'CHECK_QUEUE_SCHEMA_OLDER' : 'CHECK_QUEUE_SCHEMA_NEWER';
  const evidence = `schema pgq has migration ${found}, this program knows ${schemaVersion}`;
  return [find(code, name, evidence, { database: name })];
}

function lookAtTickers({ name, facts }: CheckedDatabase): Finding[] {
  return facts.tickers === null ? [] : [find('CHECK_QUEUE_TICKER', name, facts.tickers)];
}
