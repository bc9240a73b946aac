import type { ValueType } from './value-type.ts';

/** One setting: everything that reading, SHOW CONFIG, SET and the reference page need to know of it. */
export interface SettingKey<T = unknown> {
  readonly type: ValueType<T>;
  /** pgBouncer's text, which SHOW CONFIG prints; null when it has none, which is '' as a value. */
  readonly default: string | null;
  /** False: takes effect at the start only; SET and RELOAD leave it. */
  readonly changeable: boolean;
  /** What it does, units and special values, and with what it interacts. */
  readonly effect: string;
  /** Why the default is what it is. */
  readonly why?: string;
  /** Why it has no effect here; said in the log when a file sets it to something else than it does anyway. */
  readonly inert?: string;
  /** The only text without effect, where others have one. */
  readonly inertText?: string;
  /** Texts besides the default that say what happens anyway. */
  readonly harmless?: readonly string[];
  /** Where sluice.toml says this instead of under the same name in `[pool]`. */
  readonly elsewhere?: string;
  /** Not pgBouncer's: ours. */
  readonly isOurs?: boolean;
}

type Notes = Pick<
  SettingKey,
  'effect' | 'why' | 'inert' | 'inertText' | 'harmless' | 'elsewhere' | 'isOurs'
>;

/** A setting that SET and RELOAD change. */
export function changeable<T>(
  type: ValueType<T>,
  defaultText: string | null,
  notes: Notes,
): SettingKey<T> {
  return { type, default: defaultText, changeable: true, ...notes };
}

/** A setting that takes effect at the start only. */
export function fixed<T>(
  type: ValueType<T>,
  defaultText: string | null,
  notes: Notes,
): SettingKey<T> {
  return { type, default: defaultText, changeable: false, ...notes };
}
