import { Secret } from '../../session/index.ts';
import type { DatabaseEntry, PoolerConfig } from '../config/index.ts';

/** A configuration as it can be posted to another thread of this process. Never to be logged. */
export type PackedConfig = Omit<PoolerConfig, 'databases'> & {
  readonly databases: ReadonlyMap<string, Omit<DatabaseEntry, 'password'> & PackedPassword>;
};

/** A Secret would arrive as an empty object. */
interface PackedPassword {
  readonly password: string | null;
}

export function packConfig(config: PoolerConfig): PackedConfig {
  const databases = [...config.databases].map(([name, entry]) => {
    return [name, { ...entry, password: entry.password?.reveal() ?? null }] as const;
  });
  return { ...config, databases: new Map(databases) };
}

export function unpackConfig(packed: PackedConfig): PoolerConfig {
  const databases = [...packed.databases].map(([name, entry]) => {
    return [
      name,
      { ...entry, password: entry.password === null ? null : new Secret(entry.password) },
    ] as const;
  });
  return { ...packed, databases: new Map(databases) };
}
