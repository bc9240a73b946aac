import { isIPv6 } from 'node:net';
import type { ConnectionTarget, TargetHost } from './connection-target.ts';

/** Which of its databases a program means; see {@link describeServer}. */
export type ConnectionSide = 'source' | 'target';

/** The target as a connection string for people: the password as `***`, defaults left out. */
export function describeConnection(target: ConnectionTarget): string {
  const user = encodeURIComponent(target.user);
  const secret = target.password === null ? '' : `:${target.password.toString()}`;
  const hosts = target.hosts.map(describeHost).join(',');
  return `postgres://${user}${secret}@${hosts}/${encodeURIComponent(target.database)}${describeQuery(target)}`;
}

/**
 * What messages call the server at one host of a target: its place alone, or, where a program has several
 * databases, which of them it is and how it was to be reached.
 */
export function describeServer(
  target: ConnectionTarget,
  host: TargetHost,
  side: ConnectionSide | undefined,
): string {
  if (side === undefined) return describePlace(host);
  return `the ${side} ${describeConnection({ ...target, hosts: [host] })}`;
}

/** One place of a target, `db1:5432` or `/tmp:5432`, for error messages. */
export function describePlace(host: TargetHost): string {
  const name = host.host === '' ? (host.hostaddr ?? '') : host.host;
  return `${isIPv6(name) ? `[${name}]` : name}:${host.port}`;
}

function describeHost(host: TargetHost): string {
  const place = describePlace(host);
  return place.startsWith('/') ? place.replaceAll('/', '%2F') : place;
}

function describeQuery(target: ConnectionTarget): string {
  const query = new URLSearchParams();
  if (target.tls.mode !== 'prefer') query.set('sslmode', target.tls.mode);
  if (target.targetSessionAttrs !== 'any') {
    query.set('target_session_attrs', target.targetSessionAttrs);
  }
  return query.size === 0 ? '' : `?${query.toString()}`;
}
