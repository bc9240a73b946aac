import { existsSync } from 'node:fs';

/** Whether the server of this major has the original as an extension: Debian's postgresql-15-pgq3. */
export function hasOriginal(major: number): boolean {
  return (
    existsSync(`/usr/share/postgresql/${major}/extension/pgq.control`) &&
    existsSync(`/usr/lib/postgresql/${major}/bin/postgres`)
  );
}
