import { SluiceError } from '../errors/index.ts';
import type { Link } from './link.ts';
import { runQuery } from './run-query.ts';
import { settingsCheckSql, transactionTimeout, type SessionSettings } from './settings.ts';
import type { SettingsOptions } from './settings.ts';

/**
 * The first round trip: what only some servers know is set, and what the startup message asked for is
 * read back. Something between us and the server may have kept it to itself.
 *
 * @throws SESSION_SETTINGS
 */
export async function enforceSettings(
  link: Link,
  settings: SessionSettings,
  options: SettingsOptions,
): Promise<void> {
  const statements = Object.entries(settings.late).map(([name, value]) => `SET ${name} = ${value}`);
  const isOwn = !Object.hasOwn(options.settings ?? {}, transactionTimeout.name);
  const isOurs = options.isPooled !== true && isOwn;
  if (isOurs && serverVersionOf(link) >= transactionTimeout.sinceVersion) {
    statements.unshift(`SET ${transactionTimeout.name} = 0`);
  }
  statements.push(settingsCheckSql(settings.expected));
  const { rows } = await runQuery(link, statements.join('; '));
  if (rows.length === 0) return;
  const names = rows.map((row) => row['name']).join(', ');
  throw new SluiceError('SESSION_SETTINGS', { place: link.place, names });
}

/** 170010 for "17.10 (Debian 17.10-1)", 180000 for "18beta1". */
export function serverVersionOf(link: Link): number {
  const text = link.parameters.get('server_version') ?? '';
  const match = /^(\d+)(?:\.(\d+))?/.exec(text);
  if (!match) throw new SluiceError('SESSION_VERSION', { place: link.place, text });
  return Number(match[1]) * 10_000 + Number(match[2] ?? 0);
}
