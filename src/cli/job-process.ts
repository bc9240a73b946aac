import { readFile } from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { isRunning } from '../pool/index.ts';
import { systemClock, toJson } from '../service/index.ts';
import type { JobStatus } from '../jobs/index.ts';
import type { FoundJob } from './find-jobs.ts';

/** How a job's process is, as its pidfile tells. */
export interface JobProcess {
  readonly job: string;
  readonly kind: string;
  readonly state: 'running' | 'stopped' | 'no pidfile';
  readonly pid: number | null;
  /** What it has counted since its start. */
  readonly totals: Readonly<Record<string, number>>;
  readonly trouble: string | null;
}

const statusShape = z.object({
  totals: z.record(z.string(), z.number()),
  trouble: z.string().nullable(),
});

export async function readJobProcess({ plan }: FoundJob): Promise<JobProcess> {
  const { name: job, config } = plan;
  const { kind, pidfile } = config;
  const nothing = { job, kind, pid: null, totals: {}, trouble: null };
  if (pidfile === undefined) return { ...nothing, state: 'no pidfile' };
  const pid = Number.parseInt(await readFile(pidfile, 'utf8').catch(() => ''), 10);
  const text = await readFile(statusFile(pidfile), 'utf8').catch(() => '{}');
  const said = statusShape.safeParse(JSON.parse(text)).data ?? { totals: {}, trouble: null };
  if (!isRunning(pid)) return { ...nothing, ...said, state: 'stopped' };
  return { ...nothing, ...said, state: 'running', pid };
}

/** Keeps what a job has counted beside its pidfile. */
export function keepStatus(pidfile: string, status: JobStatus): void {
  writeFileSync(statusFile(pidfile), `${toJson(status)}\n`);
}

/** Signals a process and waits for its end. False: it goes on. */
export async function endProcess(pid: number, withinMs: number): Promise<boolean> {
  process.kill(pid, 'SIGTERM');
  const deadlineMs = systemClock.monotonicMs() + withinMs;
  while (isRunning(pid)) {
    if (systemClock.monotonicMs() > deadlineMs) return false;
    await systemClock.sleep(50);
  }
  return true;
}

function statusFile(pidfile: string): string {
  return `${pidfile}.status`;
}
