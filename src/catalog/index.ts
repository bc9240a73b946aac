export { binaryProblem, type Majors } from './binary-safety.ts';
export {
  compareColumns,
  type ColumnComparison,
  type ColumnDifference,
  type ColumnDifferenceKind,
  type ColumnPair,
} from './compare-columns.ts';
export {
  countLargeObjects,
  readDatabase,
  readMajor,
  readOpenTransactions,
  readUncovered,
  type Database,
  type OpenTransaction,
  type UncoveredObject,
} from './database.ts';
export { displayName, qualifiedName, identifier, quoteLiteral } from './identifiers.ts';
export {
  dependencyOrder,
  orderByForeignKeys,
  type TableOrder,
  type TableReferences,
} from './order.ts';
export { compilePatterns, type TablePatterns } from './patterns.ts';
export { readRole, readTablePrivileges, type Role, type TablePrivileges } from './privileges.ts';
export { readPublications, type Publication, type PublishedTable } from './publications.ts';
export { readTables, readTablesByOid, type TableSelection } from './read-tables.ts';
export { readSequences, type Sequence } from './sequences.ts';
export type { Queryable } from './sql.ts';
export type {
  Column,
  ForeignKey,
  Index,
  IndexConstraint,
  Table,
  TableName,
  Trigger,
} from './table.ts';
