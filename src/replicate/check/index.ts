import type { Finding } from '../../service/index.ts';
import { checks } from './checks.ts';
import { readDatabase, readMajor } from '../../catalog/index.ts';
import { checkSameDatabase } from './databases.ts';
import { readCheckFacts, type CheckOptions } from './facts.ts';
import { checkMajors } from './versions.ts';

export { findingSpecs } from './checks.ts';
export type { CheckOptions } from './facts.ts';

/**
 * Looks at everything that can be known before the work (P10) and changes nothing: both servers, both
 * catalogs, the roles' privileges, and what the target's ledger knows of the pipeline. Findings come
 * servers first, then tables, then what is not covered; none means nothing to say.
 *
 * @throws CATALOG_PATTERN
 */
export async function checkReplication(options: CheckOptions): Promise<Finding[]> {
  const majors = {
    source: await readMajor(options.source),
    target: await readMajor(options.target),
  };
  const tooOld = checkMajors(majors);
  if (tooOld.length > 0) return tooOld;
  const same = checkSameDatabase({
    source: await readDatabase(options.source),
    target: await readDatabase(options.target),
  });
  if (same.length > 0) return same;
  const facts = await readCheckFacts(options);
  return checks.flatMap((check) => check.run(facts));
}
