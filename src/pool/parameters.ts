import type { PackedParameters } from './takeover/packed.ts';

/** What pgBouncer restores for each client, spelt as servers report it. */
const always = [
  'client_encoding',
  'DateStyle',
  'TimeZone',
  'standard_conforming_strings',
  'application_name',
] as const;

/** Not part of what a statement means. */
const meaningless = new Set(['application_name']);

/** The parameters that follow a client from server to server: those that servers report when they change. */
export class TrackedNames {
  readonly names: readonly string[];
  readonly #indexes: ReadonlyMap<string, number>;

  /** @param extra  `track_extra_parameters` */
  constructor(extra: readonly string[]) {
    const known = new Set(always.map((name) => name.toLowerCase()));
    const more = extra.filter((name) => !known.has(name.toLowerCase()));
    this.names = [...always, ...more];
    this.#indexes = new Map(this.names.map((name, index) => [name.toLowerCase(), index]));
  }

  /** -1 when it is not tracked. Case is folded, as in SET. */
  indexOf(name: string): number {
    return this.#indexes.get(name.toLowerCase()) ?? -1;
  }
}

/** Values of the tracked parameters: of a server what is in force, of a client what it wants. Immutable. */
export class ParameterSet {
  readonly tracked: TrackedNames;
  readonly values: readonly (string | null)[];
  #planKey: string | null = null;

  constructor(tracked: TrackedNames, values?: readonly (string | null)[]) {
    this.tracked = tracked;
    this.values = values ?? tracked.names.map(() => null);
  }

  pack(): PackedParameters {
    return { names: this.tracked.names, values: this.values };
  }

  /** Of another process: what is not tracked here is left out. */
  static unpack(tracked: TrackedNames, { names, values }: PackedParameters): ParameterSet {
    const valueOf = new Map(
      names.map((name, index) => [name.toLowerCase(), values[index] ?? null]),
    );
    return new ParameterSet(
      tracked,
      tracked.names.map((name) => valueOf.get(name.toLowerCase()) ?? null),
    );
  }

  get(name: string): string | null {
    const index = this.tracked.indexOf(name);
    return index < 0 ? null : (this.values[index] ?? null);
  }

  /** The same set when the parameter is not tracked or has the value already. */
  with(name: string, value: string): ParameterSet {
    const index = this.tracked.indexOf(name);
    if (index < 0 || this.values[index] === value) return this;
    return new ParameterSet(this.tracked, this.values.with(index, value));
  }

  /** What this set says nothing about is taken from `defaults`. */
  over(defaults: ParameterSet): ParameterSet {
    const values = this.values.map((value, index) => value ?? defaults.values[index] ?? null);
    return new ParameterSet(this.tracked, values);
  }

  equals(other: ParameterSet): boolean {
    if (this === other) return true;
    return this.values.every((value, index) => value === other.values[index]);
  }

  /** Names and values wanted here that `current` has otherwise. */
  differencesFrom(current: ParameterSet): [name: string, value: string][] {
    const differences: [string, string][] = [];
    for (const [index, value] of this.values.entries()) {
      if (value !== null && value !== current.values[index]) {
        differences.push([this.tracked.names[index]!, value]);
      }
    }
    return differences;
  }

  /** Equal for two sets under which the same text means the same statement. */
  get planKey(): string {
    this.#planKey ??= this.tracked.names
      .map((name, index) => (meaningless.has(name) ? '' : (this.values[index] ?? '')))
      .join('\0');
    return this.#planKey;
  }
}
