import { readFileSync } from 'node:fs';

/** The text of one SQL file of the shop: `sql/<name>.sql`, beside the code also when built. */
export function loadSql(name: string): string {
  return readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), 'utf8');
}

/** A file's statements, one by one: for those that may run side by side. */
export function loadStatements(name: string): string[] {
  return loadSql(name)
    .replaceAll(/^--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}
