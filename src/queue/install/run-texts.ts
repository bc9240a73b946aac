import { SluiceError } from '../../errors/index.ts';
import type { Tx } from '../../ledger/index.ts';

const waitedMs = 5000;
export const waitNotLong = `set local lock_timeout = ${waitedMs}`;

const insufficientPrivilege = '42501';
const lockNotAvailable = ['55P03', '40P01']; // in time, or at all: a deadlock
const dependentObjects = '2BP01';

/**
 * Runs what installs, within the caller's transaction.
 *
 * @throws QUEUE_INSTALL_RIGHTS  this user may not
 * @throws QUEUE_INSTALL_BUSY  a transaction that uses the tables did not end in time
 * @throws QUEUE_ADOPT_DEPENDENTS  something of the database's own hangs on what would change
 */
export async function runTexts(tx: Tx, texts: readonly string[]): Promise<void> {
  try {
    for (const text of texts) await tx.query(text);
  } catch (error) {
    throw installErrorOf(error);
  }
}

/** The texts as one script, for psql. */
export function toScript(texts: readonly string[]): string {
  return texts.map(endStatement).join('\n');
}

function installErrorOf(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (lockNotAvailable.includes(String(error.code))) {
    return new SluiceError('QUEUE_INSTALL_BUSY', { waitedMs }, { cause: error });
  }
  if (error.code === dependentObjects) {
    const detail = 'detail' in error ? error.detail : null;
    const evidence = typeof detail === 'string' ? detail : error.message;
    return new SluiceError('QUEUE_ADOPT_DEPENDENTS', { evidence }, { cause: error });
  }
  if (error.code === insufficientPrivilege) {
    return new SluiceError('QUEUE_INSTALL_RIGHTS', { reason: error.message }, { cause: error });
  }
  return error;
}

function endStatement(text: string): string {
  return /;\s*$/.test(text) ? text : `${text.trimEnd()};\n`;
}
