import { ProtocolVersion, type StartupPacket } from '../wire/index.ts';
import type { PoolSettings } from './config/index.ts';
import { ParameterSet, type TrackedNames } from './parameters.ts';
import { Refusal } from './refusal.ts';
import { readOptions } from './startup-options.ts';

/** The database name that opens the console. */
export const consoleDatabase = 'pgbouncer';

/** A startup message, understood. */
export interface ClientStartup {
  readonly user: string;
  readonly database: string;
  readonly isAdmin: boolean;
  /** The value of `replication`; null: an ordinary client. */
  readonly replication: string | null;
  readonly version: number;
  /** What NegotiateProtocolVersion has to say; null: we speak what was asked for. */
  readonly negotiation: { version: number; unknownOptions: readonly string[] } | null;
  /** The tracked parameters it asks for. */
  readonly parameters: ParameterSet;
}

/** What a pooler lets startup messages ask for. */
interface StartupFacts {
  readonly settings: PoolSettings;
  readonly tracked: TrackedNames;
}

const majorVersion = 3;
const newestMinor = ProtocolVersion.v3_2 & 0xffff;

/**
 * What a startup message asks for.
 *
 * @throws Refusal  another protocol, no user, or a parameter that a pooler cannot carry along
 */
export function readStartup(
  packet: Extract<StartupPacket, { kind: 'startup' }>,
  facts: StartupFacts,
): ClientStartup {
  const { version, parameters: given } = packet;
  if (version >>> 16 !== majorVersion) {
    throw new Refusal(
      '08P01',
      `unsupported protocol version ${version >>> 16}.${version & 0xffff}`,
    );
  }
  const user = given.get('user') ?? '';
  if (user === '') throw new Refusal('28000', 'no username supplied');
  const database = given.get('database') || user;
  const unknownOptions = [...given.keys()].filter((name) => name.startsWith('_pq_.'));
  const minor = Math.min(version & 0xffff, newestMinor);
  const spoken = (majorVersion << 16) | minor;
  return {
    user,
    database,
    isAdmin: database === consoleDatabase,
    replication: replicationOf(given.get('replication')),
    version: spoken,
    negotiation:
      spoken === version && unknownOptions.length === 0
        ? null
        : { version: spoken, unknownOptions },
    parameters: readParameters(given, facts),
  };
}

function replicationOf(value: string | undefined): string | null {
  if (value === undefined || /^(false|off|no|0)$/i.test(value)) return null;
  return value;
}

/** What is said elsewhere in the message, or is not a parameter of the session. */
const otherNames = new Set(['user', 'database', 'replication', 'options']);

function readParameters(given: ReadonlyMap<string, string>, facts: StartupFacts): ParameterSet {
  let parameters = new ParameterSet(facts.tracked);
  const ignored = facts.settings.ignore_startup_parameters;
  const take = (name: string, value: string, where: string): void => {
    if (facts.tracked.indexOf(name) >= 0) parameters = parameters.with(name, value);
    else if (!ignored.includes(name)) {
      throw new Refusal('08P01', `unsupported startup parameter${where}: ${name}`);
    }
  };
  for (const [name, value] of given) {
    if (!otherNames.has(name) && !name.startsWith('_pq_.')) take(name, value, '');
  }
  const options = given.get('options');
  if (options !== undefined && !ignored.includes('options')) {
    for (const [name, value] of readOptions(options)) take(name, value, ' in options');
  }
  return parameters;
}
