import { Session } from '../../../session/index.ts';
import type { Job, JobDeps, JobPlan } from '../../job.ts';
import { LoopJob, type LoopTools } from '../../loop-job.ts';
import { Throttle } from '../../throttle.ts';
import { ArchivePass } from './archive-pass.ts';
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

interface Sessions extends AsyncDisposable {
  readonly source: Session;
  readonly target: Session;
}

async function openSessions({ name, config, connectionOf }: OpenPlan): Promise<Sessions> {
  const purpose = `job ${name}`;
  const source = await Session.connect(await connectionOf(config.source), { purpose });
  try {
    const target = await Session.connect(await connectionOf(config.target), { purpose });
    const close = async (): Promise<void> => {
      await Promise.all([source.close(), target.close()]);
    };
    return { source, target, [Symbol.asyncDispose]: close };
  } catch (error) {
    await source.close();
    throw error;
  }
}

interface OpenPlan {
  readonly name: string;
  readonly config: ArchiverConfig;
  readonly connectionOf: (database: string) => Promise<string>;
}
