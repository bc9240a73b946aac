import { readFile } from 'node:fs/promises';
import { renameSync, writeFileSync } from 'node:fs';
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
  const said = await readStatus(pidfile);
  if (!isRunning(pid)) return { ...nothing, ...said, state: 'stopped' };
  return { ...nothing, ...said, state: 'running', pid };
}

/** Keeps what a job has counted beside its pidfile; whoever reads it finds it whole. */
export function keepStatus(pidfile: string, status: JobStatus): void {
  const file = statusFile(pidfile);
  writeFileSync(`${file}.new`, `${toJson(status)}\n`);
  renameSync(`${file}.new`, file);
}

async function readStatus(pidfile: string): Promise<z.infer<typeof statusShape>> {
  try {
    return statusShape.parse(JSON.parse(await readFile(statusFile(pidfile), 'utf8')));
  } catch {
    // No file, or none of ours: nothing is known to be counted.
    return { totals: {}, trouble: null };
  }
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
