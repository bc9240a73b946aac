import type { ValueType } from './value-type.ts';

/** One key of a database, a user or a peer: `key=value` in its line, or a setting of its section in sluice.toml. */
export interface EntryKey<T = unknown> {
  readonly name: string;
  readonly type: ValueType<T>;
  /** What it does, and what it means that it is not there. */
  readonly effect: string;
  /** Older name that pgBouncer still takes. */
  readonly alias?: string;
  /** Where sluice.toml says this instead of under the same name. */
  readonly elsewhere?: string;
  /** Not pgBouncer's: ours. */
  readonly isOurs?: boolean;
}

export type EntryKeys = Readonly<Record<string, EntryKey>>;

type Unnamed<T> = Omit<EntryKey<T>, 'name'>;

export function entryKey<T>(
  type: ValueType<T>,
  effect: string,
  more: Pick<EntryKey, 'alias' | 'elsewhere' | 'isOurs'> = {},
): Unnamed<T> {
  return { type, effect, ...more };
}

type Named<Keys> = {
  readonly [K in keyof Keys]: Keys[K] extends Unnamed<infer T> ? EntryKey<T> : never;
};

/** The table, in which each key knows its name. */
export function named<Keys extends Record<string, Unnamed<unknown>>>(keys: Keys): Named<Keys>;
export function named(keys: Record<string, Unnamed<unknown>>): EntryKeys {
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, { name, ...key }]));
}
