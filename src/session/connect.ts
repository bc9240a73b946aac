import { isSluiceError, ServerError, SluiceError } from '../errors/index.ts';
import { findAddresses, type Address } from './addresses.ts';
import { tryAddress } from './attempt.ts';
import type { Connected, ConnectOptions } from './connected.ts';
import { Deadline } from './deadline.ts';
import { describeServer } from './target/index.ts';
import type { ConnectionTarget, TargetHost, TargetSessionAttrs } from './target/index.ts';

/**
 * Connects to the first host of the target that answers and is of the kind asked for.
 *
 * A host that cannot be reached, or is starting or stopping, makes room for the next; one that refuses
 * us ends the search, as everywhere in PostgreSQL.
 *
 * @throws the only host's error; SESSION_NO_HOST with all of them as cause when there are several
 */
export async function connect(
  target: ConnectionTarget,
  options: ConnectOptions,
): Promise<Connected> {
  const hosts = target.loadBalanceHosts ? shuffle(target.hosts) : target.hosts;
  const failures: Error[] = [];
  for (const wanted of rounds(target.targetSessionAttrs)) {
    for (const host of hosts) {
      const found = await tryHost(target, options, host, wanted, failures);
      if (found !== null) return found;
    }
  }
  const [first, ...others] = failures;
  if (first !== undefined && others.length === 0) throw first;
  throw new SluiceError(
    'SESSION_NO_HOST',
    {
      wanted: target.targetSessionAttrs,
      reasons: [...new Set(failures.map((failure) => failure.message))].join(' | '),
    },
    { cause: new AggregateError(failures) },
  );
}

/** `prefer-standby` looks for a standby everywhere before it takes what it gets. */
function rounds(attrs: TargetSessionAttrs): TargetSessionAttrs[] {
  return attrs === 'prefer-standby' ? ['standby', 'any'] : [attrs];
}

/** Null after adding the reason to `failures`, when the next host may be tried. */
async function tryHost(
  target: ConnectionTarget,
  options: ConnectOptions,
  host: TargetHost,
  wanted: TargetSessionAttrs,
  failures: Error[],
): Promise<Connected | null> {
  let addresses: Address[];
  try {
    using deadline = connectDeadline(target, host, options);
    addresses = await findAddresses(host, describeServer(target, host, options.side), deadline);
  } catch (error) {
    if (!mayTryNext(error, options)) throw error;
    failures.push(error);
    return null;
  }
  for (const address of target.loadBalanceHosts ? shuffle(addresses) : addresses) {
    try {
      using deadline = connectDeadline(target, host, options);
      return await inTime(
        deadline,
        tryAddress({ target, options, host, address, deadline, wanted }),
      );
    } catch (error) {
      if (!mayTryNext(error, options)) throw error;
      failures.push(error);
    }
  }
  return null;
}

function connectDeadline(
  target: ConnectionTarget,
  host: TargetHost,
  options: ConnectOptions,
): Deadline {
  const { connectTimeoutMs } = target;
  const makeError = (): Error =>
    new SluiceError('SESSION_CONNECT_TIMEOUT', {
      place: describeServer(target, host, options.side),
      timeoutMs: connectTimeoutMs,
    });
  return new Deadline(connectTimeoutMs, makeError, options.signal);
}

/** When the time is up, what it broke off says so in many ways. */
async function inTime<T>(deadline: Deadline, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw error;
  }
}

/** Not reached, not ready, or not of the kind asked for: another host may serve. */
function mayTryNext(error: unknown, options: ConnectOptions): error is Error {
  if (options.signal?.aborted === true) return false;
  if (error instanceof ServerError) return error.sqlstate.startsWith('57P');
  return (
    isSluiceError(error, 'SESSION_CONNECT') ||
    isSluiceError(error, 'SESSION_CONNECT_TIMEOUT') ||
    isSluiceError(error, 'SESSION_LOST') ||
    isSluiceError(error, 'SESSION_WRONG_KIND')
  );
}

/** Fisher-Yates. */
function shuffle<T>(items: readonly T[]): T[] {
  const left = [...items];
  const shuffled: T[] = [];
  while (left.length > 0) {
    shuffled.push(...left.splice(Math.floor(Math.random() * left.length), 1));
  }
  return shuffled;
}
