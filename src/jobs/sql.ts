import { readFileSync } from 'node:fs';

/** The text of one SQL operation of this room: `sql/<name>.sql`, beside the code also when built. */
export function loadSql(name: string): string {
  return readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8');
}
