/** The value of an environment variable that an example cannot do without. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`set ${name} to a connection string`);
  return value;
}

/** Aborts at the first Ctrl-C or SIGTERM, so that the example ends in good order. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(name)));
  return controller.signal;
}
