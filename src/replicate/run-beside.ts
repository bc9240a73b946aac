type Side = (until: AbortSignal, done: AbortSignal) => Promise<void>;

/**
 * Runs the first work and others beside it. `until` aborts for all when one of them fails; `done` when the
 * first has ended, for those that have no end of their own.
 */
export async function runBeside(
  signal: AbortSignal,
  [main, ...others]: [Side, ...Side[]],
): Promise<void> {
  const failed = new AbortController();
  const done = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const guarded = async (work: Side): Promise<void> => {
    try {
      await work(until, done.signal);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  };
  const beside = others.map(guarded);
  for (const side of beside) side.catch(toldLater);
  try {
    await guarded(main);
  } finally {
    done.abort();
    await Promise.allSettled(beside);
  }
  await Promise.all(beside);
}

function toldLater(): undefined {
  return undefined;
}
