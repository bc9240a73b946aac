import type { Client } from 'pg';

/** Statements of one round trip. */
const perQuery = 100;

/** Runs statements in order, many in one round trip. */
export async function runStatements(tx: Client, statements: readonly string[]): Promise<void> {
  for (let at = 0; at < statements.length; at += perQuery) {
    await tx.query(statements.slice(at, at + perQuery).join(';\n'));
  }
}
