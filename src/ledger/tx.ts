/**
 * Anything that runs SQL on one connection: a session of ours, or a `pg` client.
 *
 * Without values the text may hold several statements (one implicit transaction). The two
 * implementations differ in how they hand types over (text everywhere, or parsed), so every
 * statement of the ledger casts what it returns to text.
 */
export interface Tx {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
}

/** Runs `work` in one transaction; the connection must not be inside one. */
export async function inTransaction<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await tx.query('begin isolation level read committed read write');
  try {
    const result = await work();
    await tx.query('commit');
    return result;
  } catch (error) {
    // A rollback fails only when its connection is gone, and then so is the transaction: the first
    // error is the one that tells the caller what to do.
    await tx.query('rollback').catch(() => undefined);
    throw error;
  }
}
