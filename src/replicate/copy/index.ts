export type { CopiedTable, CopyRequest, CopySummary, CopyTable } from './copy-request.ts';
export { copyTables } from './copy-tables.ts';
export {
  resetUnfinished,
  restoreDropped,
  restoreForeignKeys,
  type RestoreRequest,
} from './restore.ts';
