import { z } from 'zod';
import type { LoadedConfig } from '../daemon/index.ts';
import type { PoolStatus } from '../pool/index.ts';
import { formatListenAddress, parseListenAddress } from '../service/index.ts';
import { formatColumns } from './columns.ts';
import { countOf } from './progress/text.ts';

/** The pool of a sluice.toml, as its process tells. */
export interface ShownPool {
  readonly name: 'pool';
  /** Null: nobody has told. */
  readonly pool: PoolStatus | null;
  /** Why nobody has. */
  readonly reason?: string;
}

/** A status page answers at once, or its process is not there. */
const answerMs = 5_000;

const poolStatus: z.ZodType<PoolStatus> = z.object({
  listening: z.array(z.string()),
  paused: z.boolean(),
  draining: z.boolean(),
  clients: z.number(),
  waiting: z.number(),
  servers: z.number(),
  databases: z.record(
    z.string(),
    z.object({
      clients: z.number(),
      waiting: z.number(),
      servers: z.number(),
      paused: z.boolean(),
    }),
  ),
});

/** Of `sluice pool run`, and of `sluice run`, where it is one of the parts. */
const page = z.union([
  poolStatus,
  z
    .object({ parts: z.array(z.object({ name: z.string(), detail: z.unknown() })) })
    .transform(({ parts }) => parts.find(({ name }) => name === 'pool')?.detail)
    .pipe(poolStatus),
]);

/** Asks the status page of `[service]`. @returns null: the file has no pool */
export async function readPoolStatus(config: LoadedConfig): Promise<ShownPool | null> {
  if (config.pool === undefined) return null;
  const { status_listen: listen } = config.service;
  if (listen === undefined) return untold('status_listen of [service] is not set');
  try {
    const response = await fetch(`${urlOf(listen)}/status`, {
      signal: AbortSignal.timeout(answerMs),
    });
    return { name: 'pool', pool: page.parse(await response.json()) };
  } catch (error) {
    if (error instanceof z.ZodError) return untold(`${listen} is no status page of a pool`);
    return untold(`nothing answers at ${listen}`);
  }
}

export function describePool({ pool, reason }: ShownPool): string {
  if (pool === null) return `pool  does not run, or cannot be asked: ${reason}\n`;
  const state = [
    'running',
    ...(pool.paused ? ['paused'] : []),
    ...(pool.draining ? ['lets nobody in'] : []),
  ];
  const databases = Object.entries(pool.databases).map(([name, database]) => [
    `  ${name}`,
    [countsOf(database), ...(database.paused ? ['paused'] : [])].join(', '),
  ]);
  return formatColumns([
    ['pool', state.join(', ')],
    ['  listening', pool.listening.join(', ')],
    ['  all', countsOf(pool)],
    ...databases,
  ]);
}

function countsOf({
  clients,
  waiting,
  servers,
}: Pick<PoolStatus, 'clients' | 'waiting' | 'servers'>) {
  return `${countOf(clients, 'client')}, ${waiting} waiting, ${countOf(servers, 'server')}`;
}

function untold(reason: string): ShownPool {
  return { name: 'pool', pool: null, reason };
}

/** A page for every address is asked at this machine's. */
function urlOf(listen: string): string {
  const { host, port } = parseListenAddress(listen);
  const isAny = host === '0.0.0.0' || host === '::';
  return `http://${formatListenAddress({ host: isAny ? '127.0.0.1' : host, port })}`;
}
