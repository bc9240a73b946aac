import { parentPort, workerData } from 'node:worker_threads';
import { runThread } from './run-thread.ts';
import type { ThreadStart } from './thread-start.ts';

if (parentPort === null) throw new Error('invariant: this file is run as a thread of a pooler');
const start: ThreadStart = workerData;
runThread(start, parentPort);
