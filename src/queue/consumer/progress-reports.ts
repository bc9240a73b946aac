import type { Tx } from '../../ledger/index.ts';
import type { Clock, Log } from '../../service/index.ts';
import { loadSql } from '../sql.ts';
import type { AnyEvent } from './event.ts';

const reportProgress = loadSql('report-progress');
const endProgress = loadSql('end-progress');

/** How often what changed is told: as often as a person looks. */
const reportEveryMs = 500;

interface Report {
  readonly queue: string;
  readonly event: AnyEvent;
  done: number;
  total: number | null;
  note: string | null;
  isTold: boolean;
}

/** Tells `pgq.running_event` how far the jobs of this process are. What cannot be told holds up nobody. */
export class ProgressReports {
  readonly #aside: Tx;
  readonly #consumer: string;
  readonly #worker: string;
  readonly #log: Log;
  readonly #reports = new Map<bigint, Report>();
  readonly #stop: () => void;

  constructor(
    aside: Tx,
    names: { readonly consumer: string; readonly worker: string },
    deps: { readonly log: Log; readonly clock: Clock },
  ) {
    this.#aside = aside;
    this.#consumer = names.consumer;
    this.#worker = names.worker;
    this.#log = deps.log;
    this.#stop = deps.clock.every(reportEveryMs, () => this.#tellAll());
  }

  report(queue: string, event: AnyEvent, done: number, total?: number, note?: string): void {
    const known = this.#reports.get(event.id);
    const news = { done, total: total ?? null, note: note ?? null, isTold: false };
    const report = known === undefined ? { queue, event, ...news } : Object.assign(known, news);
    this.#reports.set(event.id, report);
    if (known === undefined) this.#tell(report);
  }

  /** The job has come to an end. */
  end(event: AnyEvent): void {
    const report = this.#reports.get(event.id);
    if (report === undefined) return;
    this.#reports.delete(event.id);
    this.#send(endProgress, [report.queue, this.#consumer, String(event.id), this.#worker]);
  }

  close(): void {
    this.#stop();
  }

  #tellAll(): void {
    for (const report of this.#reports.values()) if (!report.isTold) this.#tell(report);
  }

  #tell(report: Report): void {
    const { queue, event, done, total, note } = report;
    report.isTold = true;
    const names = [queue, this.#consumer, String(event.id), event.type, this.#worker];
    this.#send(reportProgress, [...names, done, total, note]);
  }

  #send(sql: string, values: readonly unknown[]): void {
    this.#aside.query(sql, values).catch((error: unknown) => {
      this.#log.warn('the progress of a job could not be told', { error });
    });
  }
}
