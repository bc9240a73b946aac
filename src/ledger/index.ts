export {
  advance,
  advanceSql,
  checkEpoch,
  checkEpochSql,
  ledgerErrorOf,
  type Owner,
} from './fence.ts';
export { holdPipeline, releasePipeline } from './hold.ts';
export { journalDrop, markRestored, readJournal, type DroppedObject } from './journal.ts';
export { ledgerExists, migrate } from './migrate.ts';
export {
  claimPipeline,
  dropPipeline,
  listPipelines,
  readPipeline,
  setFirstPosition,
  setSpill,
  type Pipeline,
  type PipelineClaim,
} from './pipeline.ts';
export { readRanges, recordRange, type CopyRange } from './ranges.ts';
export { becomeRunner, databaseIdentity, isRunning, tryBecomeRunner } from './runner.ts';
export { startPosition, type SlotFacts, type SpillFacts } from './start-rules.ts';
export { readTableChoice, setTableChoice, type TableChoice } from './table-choice.ts';
export {
  forgetTable,
  readTableStates,
  restartTable,
  setTableState,
  type PipelineTable,
  type TableName,
  type TableState,
} from './tables.ts';
export { inTransaction, type Tx } from './tx.ts';
