import type { EntryKey, EntryKeys } from './keys/entry-key.ts';
import { databaseKeys, peerKeys, userKeys } from './keys/entries.ts';
import { settingGroups } from './keys/index.ts';
import type { SettingKey } from './keys/setting-key.ts';

/** A setting as the reference page and programs see it. */
export interface ConfigKey extends Omit<SettingKey, 'type'> {
  readonly name: string;
  /** The heading it stands under. */
  readonly group: string;
  /** What its value is, in words. */
  readonly type: string;
  /** The default as sluice.toml has it; null when there is none. */
  readonly tomlDefault: string | null;
}

/** A key of a database, a user or a peer, likewise. */
export interface EntryConfigKey extends Omit<EntryKey, 'type'> {
  readonly type: string;
}

/** The headings, in the order of the reference page. */
export const configGroups: readonly string[] = Object.keys(settingGroups);

/** Every setting, by alphabet. */
export const configKeys: readonly ConfigKey[] = Object.entries(settingGroups)
  .flatMap(([group, keys]) =>
    Object.entries(keys).map(([name, key]: [string, SettingKey]) => ({
      ...key,
      name,
      group,
      type: key.type.name,
      tomlDefault: key.default === null ? null : key.type.toToml(key.default),
    })),
  )
  .toSorted((a, b) => (a.name < b.name ? -1 : 1));

export const databaseConfigKeys = describeEntries(databaseKeys);
export const userConfigKeys = describeEntries(userKeys);
export const peerConfigKeys = describeEntries(peerKeys);

function describeEntries(keys: EntryKeys): readonly EntryConfigKey[] {
  return Object.values(keys).map((key) => ({ ...key, type: key.type.name }));
}
