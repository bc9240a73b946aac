export { Consoles } from './consoles.ts';
export { showConfig } from './show/config.ts';
export { showDatabases } from './show/databases.ts';
export { showLists } from './show/lists.ts';
export { showPools } from './show/pools.ts';
export { showStatsTotals } from './show/stats.ts';
export { showVersion } from './show/version.ts';
export { Statistics } from './statistics.ts';

export type { ConsoleContext, Show } from './command.ts';
export type { Cell } from './values.ts';
export { versionText } from './show/version.ts';
