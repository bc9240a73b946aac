import {
  configGroups,
  configKeys,
  databaseConfigKeys,
  peerConfigKeys,
  userConfigKeys,
  type ConfigKey,
  type EntryConfigKey,
} from '../../src/pool/index.ts';
import { generatedNotice, joinBlocks, markdownTable } from './markdown.ts';

export function describePool(): string {
  return joinBlocks([
    generatedNotice('src/pool/config/keys/'),
    '# Pool: every setting',
    'For who runs `sluice pool` from a pgbouncer.ini, or from `[pool]` of sluice.toml, and wants to know what a setting ' +
      'does. The names are those of pgBouncer; what is ours says so. In `[pool]` the same names stand, with durations ' +
      'as `"30s"` or `"5min"`, `true` and `false`, and arrays; where it says something in another place, that is told.',
    '## pgbouncer.ini',
    iniExample,
    list([
      '`[pgbouncer]` holds the settings, `[databases]`, `[users]` and `[peers]` a line each, of `key=value` pairs. A ' +
        "value with spaces stands in single quotes, a quote in it is doubled: `connect_query='select ''x'''`.",
      'A line that begins with `;` or `#` is a comment; later in a line they are part of the value. Names of other ' +
        'characters than letters, digits and `_.-*` stand in double quotes.',
      '`%include FILE` reads another file as if it stood there; a relative name starts at the current folder. Another ' +
        '`[pgbouncer]` begins again from the defaults.',
      'Unknown keys, bad values and what cannot be honoured (pam, ldap, gss) are refused, all problems together, each ' +
        'with file and line. What has no effect here is logged at start. RELOAD of a wrong file keeps the old settings.',
      'Durations are seconds, with fractions. Integers may be `0x10` or octal `010`, as C reads them.',
    ]),
    '## sluice.toml',
    tomlExample,
    '`sluice pool convert FILE.ini` writes it. [Configuration](configuration.md#pool) has the same settings as TOML ' +
      'takes them.',
    ...configGroups.flatMap((title) => [
      `## ${title}`,
      ...configKeys.filter(({ group }) => group === title).map(describeKey),
    ]),
    '## [databases]',
    'A line a database: `name = host=... dbname=...`. `*` is for every name that has no line. In sluice.toml ' +
      '`[pool.databases.NAME]`. What is not said is as the setting says.',
    entryTable(databaseConfigKeys),
    '## [users]',
    'A line a user: `name = pool_mode=... pool_size=...`. In sluice.toml `[pool.users.NAME]`. What is not said, or -1, ' +
      'is as the database or the setting says.',
    entryTable(userConfigKeys),
    '## [peers]',
    'A line a process that shares the port, by its `peer_id`: `2 = host=/run/pool2`. In sluice.toml `[pool.peers.ID]`. ' +
      'The line of the process itself may stand there too, so that all can have the same file.',
    entryTable(peerConfigKeys),
  ]);
}

const iniExample = `\`\`\`ini
[databases]
shop = host=10.0.0.5 dbname=shop pool_mode=transaction
* = host=10.0.0.6

[pgbouncer]
listen_addr = 127.0.0.1
auth_type = scram-sha-256
auth_file = /etc/sluice/userlist.txt
\`\`\``;

const tomlExample = `\`\`\`toml
[databases]
shop = "host=10.0.0.5 dbname=shop"
any = "host=10.0.0.6"

[pool]
listen = "127.0.0.1:6432"
auth_type = "scram-sha-256"
auth_file = "userlist.txt"

[pool.databases.shop]
database = "shop"
pool_mode = "transaction"

[pool.databases."*"]
database = "any"
\`\`\``;

function describeKey(key: ConfigKey): string {
  return joinBlocks([`### ${key.name}`, key.effect, list(factsOf(key))]).trimEnd();
}

function factsOf(key: ConfigKey): string[] {
  return [
    `Value: ${key.type}`,
    `Default: ${describeDefault(key)}${key.why === undefined ? '' : `; ${key.why}`}`,
    `Takes effect: ${key.changeable ? 'at start, RELOAD and SET' : 'at start'}`,
    describeToml(key),
    ...(key.isOurs === true ? ['Ours: pgBouncer does not know it'] : []),
    ...(key.inert === undefined ? [] : [describeInert(key)]),
  ];
}

function describeDefault({ default: text }: ConfigKey): string {
  if (text === null) return 'not set';
  return text === '' ? 'empty' : `\`${text}\``;
}

function describeToml({ name, elsewhere, inert, inertText, tomlDefault }: ConfigKey): string {
  if (elsewhere !== undefined) return `In sluice.toml: ${elsewhere}`;
  if (inert !== undefined && inertText === undefined) return 'In sluice.toml: not there';
  return `In sluice.toml: \`${name}${tomlDefault === null ? '' : ` = ${tomlDefault}`}\``;
}

function describeInert({ inert, inertText }: ConfigKey): string {
  const what = inertText === undefined ? 'Has no effect' : `\`${inertText}\` has no effect`;
  return `${what}: ${inert}`;
}

function entryTable(keys: readonly EntryConfigKey[]): string {
  return markdownTable(
    ['Key', 'Value', 'What it does', 'In sluice.toml'],
    keys.map(({ name, alias, type, effect, elsewhere, isOurs }) => [
      alias === undefined ? `\`${name}\`` : `\`${name}\`, \`${alias}\``,
      type,
      isOurs === true ? `${effect} Ours.` : effect,
      elsewhere ?? 'the same',
    ]),
  );
}

function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n');
}
