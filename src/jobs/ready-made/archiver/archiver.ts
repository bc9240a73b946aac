import { Session } from '../../../session/index.ts';
import type { Job, JobDeps, JobPlan } from '../../job.ts';
import { LoopJob, type LoopTools } from '../../loop-job.ts';
import { Throttle } from '../../throttle.ts';
import { ArchivePass, type ArchivePlace } from './archive-pass.ts';
import type { ArchiverConfig } from './config.ts';

export function archiver(plan: JobPlan<ArchiverConfig>, deps: JobDeps): Job {
  return new LoopJob(plan, (tools) => (signal) => archive(plan, tools, signal), deps);
}

async function archive(
  plan: JobPlan<ArchiverConfig>,
  { connections, statistics, deps }: LoopTools,
  signal: AbortSignal,
): Promise<void> {
  const { config, name } = plan;
  const throttle = new Throttle(
    config,
    () => connections.get('throttle', config.target),
    deps.clock,
  );
  await using sessions = await openSessions(plan);
  const pass = new ArchivePass({ job: name, config, ...sessions });
  await pass.begin();
  const task = deps.progress.task(name);
  while (!signal.aborted) {
    const rows = await pass.moveBatch();
    if (rows === 0) break;
    statistics.add('count', rows);
    task.advance({ rows });
    await throttle.wait(signal);
  }
  task.done();
}

type Sessions = Pick<ArchivePlace, 'source' | 'beside' | 'target'> & AsyncDisposable;

async function openSessions({ name, config, connectionOf }: OpenPlan): Promise<Sessions> {
  await using opened = new AsyncDisposableStack();
  const open = async (database: string): Promise<Session> => {
    const connection = await connectionOf(database);
    return opened.use(await Session.connect(connection, { purpose: `job ${name}` }));
  };
  const source = await open(config.source);
  const beside = await open(config.source);
  const target = await open(config.target);
  const all = opened.move();
  return { source, beside, target, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

interface OpenPlan {
  readonly name: string;
  readonly config: ArchiverConfig;
  readonly connectionOf: (database: string) => Promise<string>;
}
