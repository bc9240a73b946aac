import { readFileSync } from 'node:fs';

/** The text of one SQL operation of this room, `<path>.sql`, beside the code also when built. */
export function loadSql(path: string): string {
  return readFileSync(new URL(`./${path}.sql`, import.meta.url), 'utf8');
}
