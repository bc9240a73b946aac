import { readdirSync, readFileSync } from 'node:fs';

/** The text of one SQL operation of this room: `sql/<name>.sql`, beside the code also when built. */
export function loadSql(name: string): string {
  return readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8');
}

/** The text of every function of a schema that is installed in a database, one file each: `sql/schema/functions/`. */
export function loadFunctions(schema: 'pgq' | 'pgq_coop' | 'pgq_ext'): string[] {
  return readdirSync(new URL('./sql/schema/functions/', import.meta.url))
    .filter((name) => name.startsWith(`${schema}.`))
    .toSorted()
    .map((name) => loadSql(`schema/functions/${name.replace(/\.sql$/, '')}`));
}
