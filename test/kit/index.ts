export { TestDatabase } from './database.ts';
export { findLeaks } from './leaks.ts';
export { anyMajor, majors, postgres, runSql, TestServer } from './postgres.ts';
export { waitFor, within } from './wait.ts';
