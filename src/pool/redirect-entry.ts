import type { GateTarget } from '../service/index.ts';

const sectionPattern = /^\s*\[(?<section>[^\]]*)\]\s*$/;

/**
 * The text of an ini whose `[databases]` line leads elsewhere; everything else of the file stays as it is.
 *
 * @returns null: there is no line of that name
 */
export function redirectEntry(ini: string, database: string, target: GateTarget): string | null {
  let section = '';
  let isFound = false;
  const lines = ini.split('\n').map((line) => {
    const named = sectionPattern.exec(line)?.groups?.['section'];
    if (named !== undefined) section = named.trim();
    const match = /^(\s*)([^=;#\s]+)(\s*=\s*)(.*)$/.exec(line);
    if (section !== 'databases' || match?.[2]?.replaceAll('"', '') !== database) return line;
    isFound = true;
    const [, indent = '', name = '', equals = '', value = ''] = match;
    return `${indent}${name}${equals}${redirected(value, target)}`;
  });
  return isFound ? lines.join('\n') : null;
}

function redirected(value: string, { host, port, database }: GateTarget): string {
  const kept = value
    .replaceAll(/(^|\s)(?:host|port|dbname)\s*=\s*(?:'(?:[^']|'')*'|\S*)/g, '$1')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const place = `host=${quoted(host)} port=${port} dbname=${quoted(database)}`;
  return kept === '' ? place : `${place} ${kept}`;
}

function quoted(value: string): string {
  return /^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll("'", "''")}'`;
}
