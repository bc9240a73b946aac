import type { PoolSettings } from '../types.ts';
import { accessKeys } from './access.ts';
import { listenKeys } from './listen.ts';
import { poolKeys, sessionKeys } from './pools.ts';
import { processKeys } from './process.ts';
import { networkKeys, serverKeys, timeoutKeys } from './servers.ts';
import type { SettingKey } from './setting-key.ts';
import { tlsKeys } from './tls.ts';

export type SettingName = keyof PoolSettings;

/** As the reference page shows them. */
export const settingGroups = {
  'Where clients connect': listenKeys,
  'Who may': accessKeys,
  'Pools and their limits': poolKeys,
  'What a session is': sessionKeys,
  Servers: serverKeys,
  Timeouts: timeoutKeys,
  TLS: tlsKeys,
  'Names and buffers': networkKeys,
  'The process and its log': processKeys,
} as const;

/** Every setting, once: reading, defaults, SHOW CONFIG, SET, `[pool]` and the reference page are made from this. */
export const settingKeys = {
  ...accessKeys,
  ...listenKeys,
  ...networkKeys,
  ...poolKeys,
  ...processKeys,
  ...serverKeys,
  ...sessionKeys,
  ...timeoutKeys,
  ...tlsKeys,
} as const satisfies { readonly [K in SettingName]: SettingKey<PoolSettings[K]> };

export const settingNames: readonly SettingName[] = Object.keys(settingKeys)
  .filter(isSettingName)
  .toSorted();

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(settingKeys, name);
}

/** The same table where any key will do. */
export function settingKey(name: SettingName): SettingKey {
  return settingKeys[name];
}
