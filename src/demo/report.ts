import type { CompareReport, ReplicationStatus } from '../replicate/index.ts';

/** The parts of the demo, in their order. */
export const stages = [
  'servers',
  'shop',
  'check',
  'copy',
  'follow',
  'catch up',
  'compare',
  'switch',
] as const;
export type Stage = (typeof stages)[number];

/** What the demo did and found. Plain data: its JSON is the `--json` summary. */
export interface DemoReport {
  readonly source: { readonly version: string };
  readonly target: { readonly version: string };
  /** As made, before anybody wrote. */
  readonly shop: { readonly tables: number; readonly rows: number; readonly bytes: number };
  /** What was committed on the source while the pipeline ran. */
  readonly writer: {
    readonly transactions: number;
    readonly rows: number;
    readonly transactionsPerSecond: number;
  };
  /** As it was when everything the writer had committed was applied. */
  readonly replication: ReplicationStatus;
  readonly peakLagBytes: number;
  readonly peakLagSeconds: number;
  readonly seconds: Readonly<Record<Stage, number>>;
  readonly totalSeconds: number;
  readonly compare: CompareReport;
  /** What moving the tills to the target cost; null when they stay: the sides differ, or all is kept. */
  readonly switched: SwitchReport | null;
}

/** What the shop noticed of moving to the other server. */
export interface SwitchReport {
  /** From the gate's closing to its opening. */
  readonly pausedMs: number;
  /** The longest that any till waited for a transaction of its day, the pause included. */
  readonly longestTransactionMs: number;
  /** Transactions that tills were told are committed, on either side of the switch. */
  readonly acknowledged: number;
  /** Those of them that the target does not have. */
  readonly missing: number;
}
