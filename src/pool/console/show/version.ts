import type { Show } from '../command.ts';
import { columns } from '../values.ts';

/** The pgBouncer that the console is like: scripts look here for what they may ask. */
export const likePgbouncer = '1.25.2';

export function versionText(version: string): string {
  return `PgBouncer ${likePgbouncer} (Sluice ${version})`;
}

export const showVersion: Show = {
  name: 'VERSION',
  columns: columns('version'),
  rows: ({ version }) => [[versionText(version)]],
};
