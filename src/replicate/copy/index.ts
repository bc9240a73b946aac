export type {
  BackgroundVacuum,
  CopiedTable,
  CopyRequest,
  CopySummary,
  CopyTable,
} from './copy-request.ts';
export { copyTables } from './copy-tables.ts';
export {
  resetUnfinished,
  restoreAll,
  restoreDropped,
  restoreForeignKeys,
  type RefusedEntry,
  type RestoreRequest,
} from './restore.ts';
