import { settingKey, settingNames, type SettingName } from './keys/index.ts';
import type { PoolerConfig, PoolSettings } from './types.ts';

/** A line of SHOW CONFIG. null is NULL: pgBouncer has no text for it. */
export interface ConfigRow {
  readonly key: string;
  readonly value: string | null;
  readonly default: string | null;
  readonly changeable: boolean;
}

/** Every setting by alphabet, in pgBouncer's own rendering: 0 and 1, seconds as `%g`, permission bits in decimal. */
export function configRows({ given, settings }: PoolerConfig): ConfigRow[] {
  return settingNames.map((key) => {
    const { type, default: defaultText, changeable } = settingKey(key);
    const text = given.get(key) ?? defaultText;
    return {
      key,
      value: unsaid(settings, key) ?? (text === null ? null : type.show(text)),
      default: defaultText,
      changeable,
    };
  });
}

/** The two that have a value although nobody said it and there is no default text. */
function unsaid(settings: PoolSettings, key: SettingName): string | undefined {
  if (key === 'conffile') return settings.conffile;
  return key === 'verbose' ? String(settings.verbose) : undefined;
}
