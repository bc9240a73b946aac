import { SluiceError } from '../../errors/index.ts';
import { checkTogether } from './checks.ts';
import { isSettingName, settingKey, settingNames } from './keys/index.ts';
import { checkText, hintAt, settingsFrom } from './settings.ts';
import type { PoolerConfig } from './types.ts';

/**
 * The config after the console's `SET key = value`; the given one is left as it is.
 *
 * @throws POOL_SETTING_UNKNOWN, POOL_SETTING_VALUE; POOL_SETTING_FIXED for what takes effect at the start only
 *   (pgBouncer answers yes to those and does nothing)
 */
export function applySet(config: PoolerConfig, key: string, value: string): PoolerConfig {
  if (!isSettingName(key)) {
    throw new SluiceError('POOL_SETTING_UNKNOWN', { key, hint: hintAt(key, settingNames) });
  }
  const { type, changeable } = settingKey(key);
  if (!changeable) throw new SluiceError('POOL_SETTING_FIXED', { key });
  const problem = checkText(type, value);
  if (problem !== undefined) throw new SluiceError('POOL_SETTING_VALUE', { key, problem });
  const given = new Map(config.given).set(key, value);
  const settings = settingsFrom(given);
  const [wrong] = checkTogether(settings);
  if (wrong !== undefined) {
    throw new SluiceError('POOL_SETTING_VALUE', { key: wrong.name, problem: wrong.text });
  }
  return {
    ...config,
    given,
    settings: { ...settings, conffile: settings.conffile || config.file },
  };
}

/**
 * The config after RELOAD: what was loaded, but settings that take effect at the start only stay as they run. Each of
 * those that differs is a warning.
 */
export function applyReload(running: PoolerConfig, loaded: PoolerConfig): PoolerConfig {
  const given = new Map(loaded.given);
  const warnings = [...loaded.warnings];
  for (const name of settingNames.filter((known) => !settingKey(known).changeable)) {
    const before = running.given.get(name);
    if (String(running.settings[name]) !== String(loaded.settings[name])) {
      warnings.push(`${loaded.file}: ${name}: takes effect at the next start`);
    }
    if (before === undefined) given.delete(name);
    else given.set(name, before);
  }
  const settings = settingsFrom(given);
  return {
    ...loaded,
    given,
    warnings,
    settings: { ...settings, conffile: settings.conffile || loaded.file },
  };
}
