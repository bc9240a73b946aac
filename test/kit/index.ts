export { crashSluice, runSluice, SluiceProcess, startSluice } from './crash.ts';
export { TestDatabase } from './database.ts';
export { findLeaks } from './leaks.ts';
export {
  bytesOf,
  byteByByte,
  ended,
  frame,
  openPipeline,
  piecesOf,
  PipelineClient,
  splitAt,
} from './pipeline-client.ts';
export { MockKafka, noKafka, startKafka } from './kafka.ts';
export { noNats, RunningNats, startNats } from './nats.ts';
export { startPgbouncer } from './pgbouncer.ts';
export { anyMajor, majors, postgres, TestServer } from './postgres.ts';
export { findFreePort } from '../../src/demo/local-server-port.ts';
export { portOf } from './port.ts';
export { Proxy, startProxy } from './proxy.ts';
export { expectSameRows } from './same-rows.ts';
export { runSql } from './sql.ts';
export { temporaryFolder } from './temporary-folder.ts';
export { waitFor, within } from './wait.ts';

export type { KeptRecord } from './kafka.ts';
export type { KeptMessage } from './nats.ts';
export type { Ended, SluiceOptions } from './crash.ts';
export type { PipelineOptions, Sent, Split, Until } from './pipeline-client.ts';
