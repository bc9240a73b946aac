import { SluiceError } from '../../errors/index.ts';
import type { Given } from './keywords.ts';
import { storeKeyword } from './read-keyword.ts';

const scheme = /^postgres(?:ql)?:\/\//;

export function isUri(text: string): boolean {
  return scheme.test(text);
}

/**
 * `postgresql://[user[:password]@][host[:port]][,...][/dbname][?keyword=value[&...]]`
 *
 * Not the URL class: several hosts, Unix socket folders (`%2Ftmp`) and empty parts are no URLs to it.
 */
export function parseUri(text: string, origin: string): Given {
  const given: Given = new Map();
  const rest = text.replace(scheme, '');
  const { credentials, location } = splitCredentials(rest);
  if (credentials !== null) storeCredentials(given, credentials, origin);
  const question = location.indexOf('?');
  const place = question < 0 ? location : location.slice(0, question);
  const slash = place.indexOf('/');
  storeHosts(given, slash < 0 ? place : place.slice(0, slash), origin);
  if (slash >= 0 && slash + 1 < place.length) {
    storeKeyword(given, 'dbname', decode(place.slice(slash + 1), 'dbname', origin), origin);
  }
  if (question >= 0) storeQuery(given, location.slice(question + 1), origin);
  return given;
}

/** Credentials end at the first `@` that comes before any `/`. */
function splitCredentials(rest: string): { credentials: string | null; location: string } {
  const end = rest.search(/[@/]/);
  if (end < 0 || rest[end] !== '@') return { credentials: null, location: rest };
  return { credentials: rest.slice(0, end), location: rest.slice(end + 1) };
}

function storeCredentials(given: Given, credentials: string, origin: string): void {
  const colon = credentials.indexOf(':');
  const user = colon < 0 ? credentials : credentials.slice(0, colon);
  if (user !== '') storeKeyword(given, 'user', decode(user, 'user', origin), origin);
  if (colon < 0) return;
  const password = decode(credentials.slice(colon + 1), 'password', origin);
  if (password !== '') storeKeyword(given, 'password', password, origin);
}

function storeHosts(given: Given, text: string, origin: string): void {
  if (text === '') return;
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const part of text.split(',')) {
    const { host, port } = splitHost(part, origin);
    hosts.push(decode(host, 'host', origin));
    ports.push(decode(port, 'port', origin));
  }
  if (hosts.some((host) => host !== '')) storeKeyword(given, 'host', hosts.join(','), origin);
  if (ports.some((port) => port !== '')) storeKeyword(given, 'port', ports.join(','), origin);
}

function splitHost(part: string, origin: string): { host: string; port: string } {
  const match = /^(?:\[(?<six>[^\]]+)\]|(?<name>[^:[\]]*))(?::(?<port>[^:]*))?$/.exec(part);
  if (!match?.groups) throw badUri('host', 'name:port, or [address]:port for IPv6', origin);
  const { six, name, port } = match.groups;
  return { host: six ?? name ?? '', port: port ?? '' };
}

function storeQuery(given: Given, query: string, origin: string): void {
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const [name = '', value, ...more] = pair.split('=');
    const keyword = decode(name, 'keyword', origin);
    if (value === undefined || more.length > 0)
      throw badUri(keyword, 'keyword=value, once "="', origin);
    const decoded = decode(value, keyword, origin);
    // What JDBC writes for it.
    if (keyword === 'ssl' && decoded === 'true') storeKeyword(given, 'sslmode', 'require', origin);
    else storeKeyword(given, keyword, decoded, origin);
  }
}

/** Percent escapes only: `+` stands for itself, as in every other place of the string. */
function decode(text: string, part: string, origin: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  throw badUri(part, 'percent escapes of two hexadecimal digits, without %00', origin);
}

/** Says which part is wrong, never what it holds: it may be a password. */
function badUri(part: string, expected: string, origin: string): SluiceError {
  return new SluiceError('SESSION_STRING', { origin, part, expected });
}
