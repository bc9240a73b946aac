// Copies a database into another one, follows it to where it is now, and proves both sides equal.
//
//   SOURCE_URL=... TARGET_URL=... npx node examples/replicate.ts
//
// The same as `sluice replicate run --once` and `sluice replicate compare`. Run it again: it goes on from where
// it ended, since everything it knows is in the target and on the source.
import { compareReplication, Replication, summarizeReport } from '../src/replicate/index.ts';
import { createLog, Metrics, silentProgress } from '../src/service/index.ts';
import { required, untilInterrupted } from './settings.ts';

const pipeline = {
  source: required('SOURCE_URL'),
  target: required('TARGET_URL'),
  name: 'example',
  tables: ['public.*'],
};
const deps = {
  log: createLog({ level: 'warn' }),
  metrics: new Metrics(),
  progress: silentProgress,
};
const signal = untilInterrupted();

const replication = new Replication({ ...pipeline, once: true }, deps);
replication.start(signal);
await replication.finished; // rejects with a SluiceError that says what to do

const { rowsCopied, changesApplied, position } = replication.status();
console.log(`${rowsCopied} rows copied, ${changesApplied} changes applied, position ${position}`);

const report = await compareReplication(pipeline, { ...deps, signal });
console.log(summarizeReport(report));
if (!report.equal) process.exitCode = 3;
