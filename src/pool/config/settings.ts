import { nearestName } from '../../service/index.ts';
import { settingKey, settingNames, type SettingName } from './keys/index.ts';
import type { ValueType } from './keys/value-type.ts';
import type { PoolSettings } from './types.ts';

/** The settings that these texts say; what they leave out has its default. Every text must have passed `checkText`. */
export function settingsFrom(given: ReadonlyMap<SettingName, string>): PoolSettings {
  const values = settingNames.map((name) => {
    const { type, default: defaultText } = settingKey(name);
    return [name, type.parse(given.get(name) ?? defaultText ?? '') ?? emptyValue(name)];
  });
  // The table is checked to hold exactly these names with these types (keys/index.ts); fromEntries forgets that.
  const settings: PoolSettings = Object.fromEntries(values);
  return settings;
}

/** For keys without a default, whose '' is no value of their type. */
function emptyValue(name: SettingName): unknown {
  return name === 'verbose' ? 0 : '';
}

/** A value that is wrong may be a whole file in the wrong place. */
const longestShown = 80;

/** What is wrong with the text of a value; undefined when nothing is. */
export function checkText(type: ValueType<unknown>, text: string): string | undefined {
  const refusal = type.refuse?.(text);
  if (refusal !== undefined) return refusal;
  if (type.parse(text) !== undefined) return undefined;
  return `expected ${type.name}, got ${JSON.stringify(text.slice(0, longestShown))}`;
}

/** `; did you mean X?` or nothing. */
export function hintAt(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}

/** Why a setting has no effect, when it says something else than what happens anyway. */
export function whyInert(name: SettingName, text: string): string | undefined {
  const { type, default: defaultText, inert, inertText, harmless = [] } = settingKey(name);
  if (inert === undefined) return undefined;
  if (inertText !== undefined) return type.show(text) === inertText ? inert : undefined;
  const ordinary = [defaultText ?? '', ...harmless].map((ordinaryText) => type.show(ordinaryText));
  return ordinary.includes(type.show(text)) ? undefined : inert;
}
