import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** A pgBouncer that this machine has, or could have. */
export interface PgbouncerProgram {
  /** `pgBouncer 1.18.0`, or why tests beside it are skipped. */
  readonly name: string;
  readonly path: string;
  readonly isHere: boolean;
}

/** Not in `index.ts`: to import it runs them. */
export const pgbouncers = {
  /** Where Debian's package puts it. */
  debian: programAt('/usr/sbin/pgbouncer'),
  /** Where `.ci/newest-pgbouncer` puts the newest release. */
  newest: programAt('/usr/local/bin/pgbouncer'),
};

function programAt(path: string): PgbouncerProgram {
  if (!existsSync(path)) return { name: `${path}, which is not installed`, path, isHere: false };
  const said = execFileSync(path, ['-V'], { encoding: 'utf8' });
  const [release = said] = /\d+(?:\.\d+)+/.exec(said) ?? [];
  return { name: `pgBouncer ${release}`, path, isHere: true };
}
