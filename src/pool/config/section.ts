import { z } from 'zod';
import { setting } from '../../service/index.ts';
import { checkTogether } from './checks.ts';
import type { EntryKeys } from './keys/entry-key.ts';
import { databaseKeys, peerKeys, userKeys } from './keys/entries.ts';
import { isSettingName, settingKey, settingNames, type SettingName } from './keys/index.ts';
import type { ValueType } from './keys/value-type.ts';
import { readListen } from './listen-addresses.ts';
import { checkText, settingsFrom } from './settings.ts';

/** The settings that `[pool]` holds under pgBouncer's names: those that have an effect and no better place. */
export const sectionNames: readonly SettingName[] = settingNames.filter((name) => {
  const { inert, inertText, elsewhere } = settingKey(name);
  return elsewhere === undefined && (inert === undefined || inertText !== undefined);
});

const name = z.string().min(1);

const listen = setting(
  z
    .union([name, z.array(name).min(1)], 'expected an address, or an array of addresses')
    .transform((given, context) => {
      const addresses = readListen([given].flat());
      if (typeof addresses !== 'string') return addresses;
      context.addIssue({ code: 'custom', message: addresses });
      return z.NEVER;
    })
    .meta({ expected: 'address, or array of addresses' })
    .prefault('127.0.0.1:6432'),
  {
    effect:
      'Where clients connect: `host:port`, `*:port` for every address, `:port` for this machine only, the folder of a Unix ' +
      'socket (`/tmp`, or `/tmp:6432` where there is no TCP), or several of them with one port. Port 0 takes a free one.',
    why: 'nothing is reachable from other machines that was not asked for',
    example: '["*:6432", "/var/run/postgresql"]',
  },
);

const databaseSection = z.strictObject({
  database: setting(name, {
    effect:
      'A name of `[databases]`. Its connection string says where the servers are: hosts (one port for all), database, ' +
      '`target_session_attrs`, TLS; and, with `login = "entry"`, user and password.',
    example: 'shop',
  }),
  login: setting(z.enum(['client', 'entry']).default('client'), {
    effect:
      'As whom servers log in: `client`, the user that the client is; `entry`, the user of the connection string, for ' +
      'every client, so that there is one pool.',
    why: 'the connection string may be of a user who may do more than the clients',
  }),
  dbname: setting(name.optional(), {
    effect: 'The database on the server, when it is not the one of the connection string.',
    why: 'in `[pool.databases."*"]` it is the one that the client asked for',
  }),
  ...entryShape(databaseKeys),
});

/** `[pool]`: the same as a pgbouncer.ini, in the words of sluice.toml. Values come out as the texts of the ini. */
export const poolSchema = z
  .strictObject({
    listen,
    ...settingShape(),
    databases: z
      .record(name, databaseSection)
      .default({})
      .meta({
        description:
          'The databases that clients see, one section each. `[pool.databases."*"]` is for every name without one. ' +
          'What is not said here is as in `[pool]`.',
      }),
    users: z
      .record(name, z.strictObject(entryShape(userKeys)))
      .default({})
      .meta({
        description:
          'Limits of single users. What is not said here is as the database or `[pool]` says.',
      }),
    peers: z
      .record(
        name.refine(isPeerId, 'expected the peer_id of another process, 1..16383'),
        z.strictObject({
          ...entryShape(peerKeys),
          host: entrySetting(peerKeys.host.type, peerKeys.host.effect),
        }),
      )
      .default({})
      .meta({
        description:
          'Other processes on the same port, by their `peer_id`: cancel requests that belong to them are passed on.',
      }),
  })
  .superRefine((section, context) => {
    for (const { name: key, text } of checkTogether(settingsFrom(givenTexts(section)))) {
      context.addIssue({ code: 'custom', path: [key], message: text });
    }
  })
  .meta({
    description:
      'The connection pooler. Every setting, also as pgbouncer.ini has it: [pool](pool.md). `sluice pool convert FILE.ini` ' +
      'writes this section.',
  });

export type PoolSection = z.output<typeof poolSchema>;

/** What the section says of the settings, as pgbouncer.ini would. */
export function givenTexts(section: PoolSection): Map<SettingName, string> {
  const texts = Object.entries(section).flatMap(([key, value]): [SettingName, string][] =>
    isSettingName(key) && typeof value === 'string' ? [[key, value]] : [],
  );
  const { hosts, port, folder } = section.listen;
  return new Map([
    ...texts,
    ['listen_addr', hosts.join(',')],
    ['listen_port', String(port)],
    ['unix_socket_dir', folder],
  ]);
}

type TextSetting = z.ZodType<string | undefined>;

function settingShape(): Record<string, TextSetting> {
  return Object.fromEntries(
    sectionNames.map((key) => {
      const { type, default: defaultText, effect, why } = settingKey(key);
      const checked = checkedText(type);
      const schema =
        defaultText === null ? checked.optional() : checked.prefault(tomlValue(type, defaultText));
      return [key, setting(schema, { effect, ...(why !== undefined && { why }) })];
    }),
  );
}

function entryShape(keys: EntryKeys): Record<string, TextSetting> {
  return Object.fromEntries(
    Object.values(keys)
      .filter(({ elsewhere }) => elsewhere === undefined)
      .map((key) => [key.name, entrySetting(key.type, key.effect).optional()]),
  );
}

function entrySetting(type: ValueType<unknown>, effect: string): z.ZodType<string> {
  return setting(checkedText(type), { effect });
}

/** What the ini would refuse is refused here too. */
function checkedText(type: ValueType<unknown>): z.ZodType<string> {
  return type.toml.superRefine((text, context) => {
    const problem = checkText(type, text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });
}

/** The value of a default, as TOML has it; its source is JSON too. */
function tomlValue(type: ValueType<unknown>, text: string): unknown {
  return JSON.parse(type.toToml(text));
}

function isPeerId(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 16_383;
}
