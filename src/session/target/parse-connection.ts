import { buildTarget } from './build-target.ts';
import type { ConnectionTarget } from './connection-target.ts';
import type { ConnectionSide } from './describe-connection.ts';
import type { Environment } from './environment.ts';
import { keywordNames, keywords, type Given, type Keyword } from './keywords.ts';
import { parseKeywordValue } from './keyword-value.ts';
import { storeKeyword } from './read-keyword.ts';
import { readService } from './service-file.ts';
import { isUri, parseUri } from './uri.ts';

/**
 * Reads a connection string as psql would: `postgres://...` or `keyword=value ...`. What it leaves out
 * comes from the service it names, then from the `PG*` variables, then from defaults.
 *
 *     parseConnection('postgres://app@db1,db2/shop?target_session_attrs=primary')
 *     parseConnection("host=/tmp dbname=shop password='it\\'s'")
 *
 * Differs from libpq in three defaults: connect_timeout is 30 s, keepalives_idle 30 s, and without a
 * host it takes a Unix socket only where one is.
 *
 * @param origin what messages call the string: where a person finds it
 * @throws SESSION_STRING, SESSION_UNKNOWN_KEYWORD, SESSION_VALUE, SESSION_UNSUPPORTED,
 *   SESSION_SERVICE_MISSING, SESSION_FILE
 */
export function parseConnection(
  text: string,
  env: Environment = process.env,
  origin = 'the connection string',
): ConnectionTarget {
  const given = isUri(text) ? parseUri(text, origin) : parseKeywordValue(text, origin);
  const fromEnvironment = readEnvironment(env);
  const service = given.get('service') ?? fromEnvironment.get('service');
  if (service !== undefined && service.text !== '') {
    const file = given.get('servicefile')?.text ?? env['PGSERVICEFILE'] ?? null;
    fillIn(given, readService(service, file, env));
  }
  // PGHOSTADDR next to a host that was named would send us to another server than the string says.
  if (given.has('host')) fromEnvironment.delete('hostaddr');
  fillIn(given, fromEnvironment);
  return buildTarget(given, env, origin);
}

/** The same for what a program gives as one of its sides; a target that is parsed already stays as it is. */
export function parseSide(
  side: ConnectionSide | undefined,
  connection: ConnectionTarget | string,
): ConnectionTarget {
  if (typeof connection !== 'string') return connection;
  const origin = side && `the connection string of the ${side}`;
  return parseConnection(connection, process.env, origin);
}

function fillIn(given: Given, more: Given): void {
  for (const [name, value] of more) if (!given.has(name)) given.set(name, value);
}

function readEnvironment(env: Environment): Given {
  const found: Given = new Map();
  for (const name of keywordNames) {
    const keyword: Keyword = keywords[name];
    const value = keyword.env === undefined ? undefined : env[keyword.env];
    if (value) storeKeyword(found, name, value, `the variable ${keyword.env}`);
  }
  return found;
}
