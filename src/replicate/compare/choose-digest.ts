import { loadSql } from '../sql.ts';
import { portableDigest, quickDigest, type Digest } from './row-digest.ts';
import type { SnapshotPool } from './snapshot-pool.ts';

const probe = loadSql('compare/sql/probe-digest');

export interface Agreement {
  readonly digest: Digest;
  readonly isSameEncoding: boolean;
}

/** Lets both servers hash the same bytes: a machine of another byte order gives another number. */
export async function chooseDigest(source: SnapshotPool, target: SnapshotPool): Promise<Agreement> {
  const [here, there] = await Promise.all([readProbe(source), readProbe(target)]);
  return {
    digest: here?.['digest'] === there?.['digest'] ? quickDigest : portableDigest,
    isSameEncoding: here?.['encoding'] === there?.['encoding'],
  };
}

async function readProbe(pool: SnapshotPool): Promise<Record<string, string | null> | undefined> {
  return pool.run(async (session) => (await session.query(probe)).rows[0]);
}
