import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { onTestFinished } from 'vitest';
import { startSluice, type SluiceProcess, type TestDatabase } from '../kit/index.ts';

/** What a pgbouncer.ini of a test is to hold, beside what lets it run anywhere. */
export interface Ini {
  readonly databases: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly peers?: Readonly<Record<string, string>>;
}

/** The words of a [databases] line that lead to a database of the test. */
export function lineTo({ url, name }: TestDatabase): string {
  const { hostname, port, searchParams } = new URL(url);
  return `host=${searchParams.get('host') ?? hostname} port=${port} dbname=${name} user=postgres`;
}

export async function writeIni(folder: string, ini: Ini, name = 'pool.ini'): Promise<string> {
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: 0,
    unix_socket_dir: '',
    auth_type: 'any',
    admin_users: 'postgres',
    pool_mode: 'transaction',
    ...ini.settings,
  };
  const file = join(folder, name);
  await writeFile(
    file,
    [
      '[databases]',
      ...linesOf(ini.databases),
      ...(ini.peers === undefined ? [] : ['[peers]', ...linesOf(ini.peers)]),
      '[pgbouncer]',
      ...linesOf(settings),
      '',
    ].join('\n'),
  );
  return file;
}

function linesOf(entries: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(entries).map(([key, value]) => `${key} = ${value}`);
}

export interface PoolProcess {
  readonly sluice: SluiceProcess;
  readonly port: number;
}

/** `sluice pool run FILE`, once it serves clients on a TCP port. */
export async function startPool(file: string, args: readonly string[] = []): Promise<PoolProcess> {
  const sluice = startSluice(['pool', 'run', file, ...args]);
  const [, port] = await sluice.says(/"addresses":\["127\.0\.0\.1:(\d+)"/);
  await sluice.says(/process up/);
  return { sluice, port: Number(port) };
}

/** A connected client, closed with the test. What ends its connection is for its next query to tell. */
export async function connect(
  port: number,
  database = 'app',
  config: ClientConfig = {},
): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database, ...config });
  client.on('error', () => undefined);
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}
