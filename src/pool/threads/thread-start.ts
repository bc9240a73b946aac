import type { PackedConfig } from './pack-config.ts';

/** What a thread is started with; posted as its `workerData`. */
export interface ThreadStart {
  /** 1 and up; 0 is the thread that has the console. */
  readonly index: number;
  readonly count: number;
  readonly memory: SharedArrayBuffer;
  readonly config: PackedConfig;
  readonly port: number;
  readonly door: string;
  readonly version: string;
}
