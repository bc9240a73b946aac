import { SluiceError } from '../errors/index.ts';

/**
 * Named moments where a test makes the process die, throw or hold (P9). Off, a failpoint costs one check of
 * an empty map. `SLUICE_FAILPOINTS="apply.before-commit=kill@3,copy.range=throw"` arms them when the process
 * starts; `armFailpoint` arms one within a test's own process.
 */
export type FailpointAction = 'kill' | 'throw' | 'hold';

export interface ArmedFailpoint {
  /** Resolves when the failpoint has acted: held or thrown. */
  readonly reached: Promise<void>;
  /** Lets what is held go on and disarms; fine to call twice. */
  release(): void;
}

interface Trigger {
  readonly action: FailpointAction;
  /** Passes left before it acts; at 0 it has acted and passes are free again. */
  passesLeft: number;
  readonly reached: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
}

/** Of the process, as its environment is: a failpoint says where, whoever passes there. */
const armed = new Map<string, Trigger>();
for (const [name, action, at] of parseFailpoints(process.env['SLUICE_FAILPOINTS'] ?? '')) {
  armFailpoint(name, action, at);
}

/**
 * `await failpoint('apply.before-commit')`. In per-message code, spare the microtask:
 * `const held = failpoint(name); if (held) await held;`
 */
export function failpoint(name: string): Promise<void> | undefined {
  if (armed.size === 0) return undefined;
  const trigger = armed.get(name);
  if (trigger === undefined || trigger.passesLeft === 0) return undefined;
  trigger.passesLeft -= 1;
  return trigger.passesLeft === 0 ? act(name, trigger) : undefined;
}

/** Arms `name` to act once, on its `at`-th pass from now. */
export function armFailpoint(name: string, action: FailpointAction, at = 1): ArmedFailpoint {
  const trigger: Trigger = {
    action,
    passesLeft: at,
    reached: Promise.withResolvers(),
    released: Promise.withResolvers(),
  };
  armed.set(name, trigger);
  return {
    reached: trigger.reached.promise,
    release: () => {
      trigger.released.resolve();
      if (armed.get(name) === trigger) armed.delete(name);
    },
  };
}

export function parseFailpoints(text: string): [string, FailpointAction, number][] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseEntry);
}

function parseEntry(entry: string): [string, FailpointAction, number] {
  const [, name, action, at] = /^([^=\s]+)=(kill|throw|hold)(?:@([1-9]\d*))?$/.exec(entry) ?? [];
  if (name === undefined || action === undefined) {
    throw new SluiceError('SERVICE_FAILPOINT_SPEC', { entry });
  }
  return [name, action === 'kill' || action === 'throw' ? action : 'hold', Number(at ?? 1)];
}

async function act(name: string, trigger: Trigger): Promise<void> {
  // One line a parent process can wait for; nothing is printed unless a test armed the failpoint.
  process.stderr.write(`failpoint ${name}: ${trigger.action}\n`);
  trigger.reached.resolve();
  if (trigger.action === 'throw') {
    throw new SluiceError('SERVICE_FAILPOINT', { failpoint: name });
  }
  if (trigger.action === 'kill') process.kill(process.pid, 'SIGKILL');
  await trigger.released.promise;
}
