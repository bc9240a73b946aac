import type { Command } from 'commander';
import type { Client } from 'pg';
import { SluiceError } from '../errors/index.ts';
import { createPgClient, parseConnection } from '../session/index.ts';
import { readText } from './flag-values.ts';
import { withInterrupt } from './interrupt.ts';
import type { CommandIo } from './io.ts';
import type { Flags } from './pipeline-flags.ts';
import { connectionString, textFlag } from './pipelines.ts';

/** For commands that work on one database. */
export function addDatabaseFlag(command: Command): Command {
  return command
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)')
    .option('--db <url>', 'the database: a connection string or a name of [databases]', readText);
}

/** @throws COMMAND_USAGE when no database was given */
export async function databaseOf(
  io: CommandIo,
  command: string,
  flags: Flags,
): Promise<{ name: string; connection: string }> {
  const given = textFlag(flags, 'db');
  if (given === undefined)
    throw new SluiceError('COMMAND_USAGE', { command, problem: '--db is missing' });
  const connection = await connectionString(io, flags, '--db', given);
  return { name: connection === given ? parseConnection(given).database : given, connection };
}

/** Runs with a connection to the database of the flags, until it is done or interrupted. */
export async function withDatabase<T>(
  io: CommandIo,
  command: string,
  flags: Flags,
  run: (client: Client, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { connection } = await databaseOf(io, command, flags);
  const { result } = await withInterrupt(io, async (signal) => {
    const client = createPgClient(connection, { purpose: command, signal });
    const end = (): void => void client.end().catch(() => undefined);
    try {
      await client.connect();
      signal.throwIfAborted();
      signal.addEventListener('abort', end, { once: true });
      return await run(client, signal);
    } finally {
      signal.removeEventListener('abort', end);
      await client.end().catch(() => undefined);
    }
  });
  return result;
}
