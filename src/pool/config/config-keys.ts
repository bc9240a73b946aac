import { settingGroups } from './keys/index.ts';
import type { SettingKey } from './keys/setting-key.ts';

/** A setting as the reference page and programs see it. */
export interface ConfigKey extends Omit<SettingKey, 'type'> {
  readonly name: string;
  /** The heading it stands under. */
  readonly group: string;
  /** What its value is, in words. */
  readonly type: string;
}

/** Every setting, by alphabet. */
export const configKeys: readonly ConfigKey[] = Object.entries(settingGroups)
  .flatMap(([group, keys]) =>
    Object.entries(keys).map(([name, key]: [string, SettingKey]) => ({
      ...key,
      name,
      group,
      type: key.type.name,
    })),
  )
  .toSorted((a, b) => (a.name < b.name ? -1 : 1));
