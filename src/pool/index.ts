export { Janitor } from './janitor.ts';
export { Listener } from './listener.ts';
export { loadPgbouncerIni } from './config/index.ts';
export { Pooler } from './pooler.ts';

export type { PoolerConfig } from './config/index.ts';
export type { LegOwner } from './leg.ts';
