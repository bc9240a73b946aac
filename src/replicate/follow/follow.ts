import pg from 'pg';
import { isAbort } from '../../service/index.ts';
import { createPgClient } from '../../session/index.ts';
import { Following, type FollowOptions } from './following.ts';
import type { FollowedTransaction } from './transaction.ts';

/**
 * The committed transactions of a database, in commit order, from where the last run ended; the first run
 * begins with what commits after it started.
 *
 * A transaction counts as handled when the next one is asked for: then its position is written, and
 * the source may forget it. A crash before that brings it again (at least once). For exactly once, see
 * {@link followInto}.
 *
 * While another process follows under this name, this one stands by, told once in the log; it goes on from the
 * other's position once that one has ended, however it did.
 *
 * Ends when the signal aborts; reading the changes of a transaction that has not come whole throws its reason.
 *
 * @example
 *     for await (const transaction of follow({ source, positions, name: 'audit' }))
 *       for await (const change of transaction.changes()) console.log(change.kind, change);
 *
 * @throws SluiceError REPLICATE_NO_TABLES, REPLICATE_SLOT_UNKNOWN, LEDGER_*
 */
export async function* follow(options: FollowOptions): AsyncGenerator<FollowedTransaction> {
  const following = await beginUnlessAborted(options);
  if (following === null) return;
  try {
    for (;;) {
      const transaction = await following.next();
      if (transaction === null) return;
      yield transaction;
      await following.handled();
    }
  } catch (error) {
    if (!isAbort(error, following.signal)) throw error;
  } finally {
    await following.end();
  }
}

/**
 * Hands each transaction to `handle` together with a `pg` client of the positions' database, inside a
 * transaction that also writes the position: what `handle` does there happens exactly once (P1). When it
 * throws, everything is rolled back and the error is thrown on.
 *
 * Stands by as {@link follow} does. Resolves when the signal aborts; a transaction that has not come whole is rolled back then.
 */
export async function followInto(
  options: FollowOptions,
  handle: (transaction: FollowedTransaction, tx: pg.Client) => Promise<void>,
): Promise<void> {
  const following = await beginUnlessAborted(options);
  if (following === null) return;
  try {
    const client = createPgClient(options.positions, {
      purpose: options.name,
      side: 'target',
      inherit: ['search_path'], // the handler's SQL means what it means in the application
    });
    await client.connect();
    try {
      for (;;) {
        const transaction = await following.next();
        if (transaction === null) return;
        await inOneTransaction(client, async () => {
          await handle(transaction, client);
          await following.advanceIn(client);
        });
        following.confirm();
      }
    } finally {
      await client.end();
    }
  } catch (error) {
    if (!isAbort(error, following.signal)) throw error;
  } finally {
    await following.end();
  }
}

/** Null when the signal aborted before there was anything to follow. */
async function beginUnlessAborted(options: FollowOptions): Promise<Following | null> {
  const signal = options.signal ?? new AbortController().signal;
  try {
    return await Following.begin(options, signal);
  } catch (error) {
    if (isAbort(error, signal)) return null;
    throw error;
  }
}

async function inOneTransaction(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN');
  try {
    await work();
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
  await client.query('COMMIT');
}
