import { Client } from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPipeline, postgres, startPgbouncer } from '../../kit/index.ts';
import { pgbouncers, type PgbouncerProgram } from '../../kit/pgbouncer-programs.ts';
import { startScene } from '../scene.ts';
import { ask, type Asked } from './ask.ts';

const server = postgres();

/** Our console and a real one, over the same databases. */
async function bothConsoles(
  program: PgbouncerProgram,
  user = 'postgres',
): Promise<{ ours: Client; theirs: Client }> {
  const database = await server.database();
  const line = `host=127.0.0.1 port=${server.port} dbname=${database.name}`;
  const scene = await startScene({
    databases: { app: line, other: `${line} pool_size=7 pool_mode=statement` },
    settings: { pool_mode: 'transaction' },
  });
  const { port } = await startPgbouncer(program, {
    databases: { app: line, other: `${line} pool_size=7 pool_mode=statement` },
    settings: {
      auth_type: 'trust',
      admin_users: 'postgres',
      stats_users: 'stats',
      pool_mode: 'transaction',
      ignore_startup_parameters: 'extra_float_digits',
    },
    userlist: '"postgres" ""\n"app" ""\n"stats" ""\n"outsider" ""\n',
  });
  const theirs = new Client({ host: '127.0.0.1', port, user, database: 'pgbouncer' });
  theirs.on('error', () => undefined);
  await theirs.connect();
  onTestFinished(() => theirs.end());
  const ours = await scene.console(user);
  for (const one of [scene.port, port]) {
    const app = new Client({
      host: '127.0.0.1',
      port: one,
      user: 'postgres',
      database: 'app',
      application_name: 'asker',
    });
    app.on('error', () => undefined);
    await app.connect();
    await app.query('SELECT 1');
    onTestFinished(() => app.end());
  }
  return { ours, theirs };
}

async function answers(client: Client, texts: readonly string[]): Promise<Record<string, Asked>> {
  const all: Record<string, Asked> = {};
  for (const [index, text] of texts.entries()) all[`${index} ${text}`] = await ask(client, text);
  return all;
}

/** What Debian's does not know yet. */
const newerConversation = [
  [
    'show state',
    'show state x',
    'show peers',
    'show peer_pools',
    'kill_client',
    'kill_client nope',
  ],
  ['kill_client 123456', 'kill_client 99999999999999999999', 'kill_client "x"', "kill_client '7'"],
  ['kill', 'kill nope nope', 'show config x', 'set max_prepared_statements=5', 'set peer_id=3'],
  ['set transaction_timeout = 7', 'set query_wait_notify=x'],
  ['set scram_iterations = 5000', 'set auth_dbname=pgbouncer', 'set auth_dbname=x'],
  ['set max_user_client_connections=1', 'set server_tls13_ciphers=x', "set auth_ident_file='/x'"],
  ['shutdown wait', 'shutdown wait_for_nobody', 'pause app', 'show state', 'resume', 'show state'],
  [
    'resume app',
    'suspend',
    'show state',
    'resume',
    'select 1',
    'show client',
    'show "state"',
    'show;',
  ],
  ['disable app', 'show databases', 'enable app', 'show lists x'],
].flat();

/** Commands in an order in which each finds what the ones before it left. */
const conversation = [
  ['foo', 'show', 'show foo', 'show 5', 'select 1', 'SHOW VERSION extra', "show 'version'"],
  ['show databases foo', ' show nothing', 'begin', 'reload x', 'suspend x', 'pause app other'],
  ['pause nope', 'resume nope', 'disable nope', 'enable nope', 'kill nope', 'reconnect nope'],
  ['wait_close nope', 'pause pgbouncer', 'disable pgbouncer', 'enable pgbouncer'],
  [
    'kill pgbouncer',
    'resume pgbouncer',
    'reconnect pgbouncer',
    'wait_close pgbouncer',
    'disable',
    'enable',
    'resume',
    'resume app',
  ],
  ['pause app', 'pause app', 'resume app', 'PAUSE app;', 'resume "app"', 'pause "app'],
  ["PAUSE 'app'", 'disable app', 'disable app', 'enable app', 'enable app', 'reconnect'],
  ['reconnect app', 'wait_close', 'wait_close app', 'pause', 'pause', 'resume other'],
  ['pause other', 'suspend', 'resume', 'suspend', 'suspend', 'pause', 'kill other', 'resume'],
  ['kill other', 'resume other', 'set', 'set a', 'set foo=bar', 'set query_timeout = abc'],
  ['show client_encoding', 'SHOW DateStyle', 'show timezone', 'show standard_conforming_strings'],
  ['show default_transaction_isolation', 'show server_version', "set datestyle to 'ISO'"],
  ['set standard_conforming_strings=on', 'set client_encoding to utf8', "set timezone='UTC'"],
  ["set query_timeout='it''s'", 'set pool_mode=foo', 'set query_timeout=5', 'set a TO b'],
  ['set query_timeout = "7"', "set query_timeout = '8'", 'set query_timeout to 5;'],
  ['set query_timeout = 5 6', 'set query_timeout =', 'set query_timeout 5', 'reload'],
  ['show "version"', 'select version', 'shutdown foo', 'show help extra'],
].flat();

for (const program of Object.values(pgbouncers)) {
  describe.skipIf(!program.isHere)(`beside ${program.name}`, () => {
    test('commands are answered with the same tags, columns, errors and SQLSTATEs', async () => {
      const { ours, theirs } = await bothConsoles(program);
      const wanted = await answers(theirs, conversation);
      const got = await answers(ours, conversation);
      expect(got).toEqual(wanted);
    });

    test.skipIf(program === pgbouncers.debian)('newer commands, too', async () => {
      const { ours, theirs } = await bothConsoles(program);
      const wanted = await answers(theirs, newerConversation);
      expect(await answers(ours, newerConversation)).toEqual(wanted);
    });

    test('tags are the same to the last letter', async () => {
      const { ours, theirs } = await bothConsoles(program);
      const texts = [
        ['set query_timeout = 5', "SET query_timeout TO '7'", 'set "query_timeout"=0', 'reload'],
        ['wait_close', 'WAIT_CLOSE app', 'reconnect', 'pause app', 'resume app', 'disable app'],
        ['enable app', 'kill other', 'resume other', 'suspend', 'resume', 'show version'],
      ].flat();
      const tags = async ({ port }: Client): Promise<string[]> => {
        const client = await openPipeline(port, { user: 'postgres', database: 'pgbouncer' });
        const answered: string[] = [];
        for (const text of texts) {
          const came = await client.ask((w) => w.query(text));
          answered.push(`${text}: ${came.filter((line) => line.startsWith('C:')).join()}`);
        }
        await client.close();
        return answered;
      };
      expect(await tags(ours)).toEqual(await tags(theirs));
    });

    test('who is in stats_users is refused the same', async () => {
      const { ours, theirs } = await bothConsoles(program, 'stats');
      const texts = [
        ['show version', 'show fds', 'pause', 'pause nope', 'resume', 'reload', 'suspend'],
        ['set query_timeout=3', 'kill app', 'kill nope', 'reconnect', 'wait_close', 'enable app'],
        ['disable app', 'shutdown', 'shutdown foo', 'foo', 'select version'],
      ].flat();
      expect(await answers(ours, texts)).toEqual(await answers(theirs, texts));
    });

    test('every column it has is here, of the same type, in the same order', async () => {
      const { ours, theirs } = await bothConsoles(program);
      const shows = [
        ['ACTIVE_SOCKETS', 'CLIENTS', 'CONFIG', 'DATABASES', 'DNS_HOSTS', 'DNS_ZONES', 'FDS'],
        ['LISTS', 'MEM', 'POOLS', 'SERVERS', 'SOCKETS', 'STATS', 'STATS_AVERAGES'],
        ['STATS_TOTALS', 'TOTALS', 'USERS', 'VERSION'],
      ].flat();
      for (const show of shows) {
        const wanted = await ask(theirs, `SHOW ${show}`);
        const got = await ask(ours, `SHOW ${show}`);
        // Renamed since.
        const known = wanted.columns?.map((column) =>
          column.replace('reserve_pool:', 'reserve_pool_size:'),
        );
        expect(
          got.columns?.filter((column) => known?.includes(column)),
          show,
        ).toEqual(known);
      }
    });

    test('lines of CONFIG, LISTS and TOTALS keep their names', async () => {
      const { ours, theirs } = await bothConsoles(program);
      for (const show of ['CONFIG', 'LISTS', 'TOTALS']) {
        const namesOf = async (client: Client): Promise<unknown[]> => {
          const { rows } = await client.query<unknown[]>({
            text: `SHOW ${show}`,
            rowMode: 'array',
          });
          return rows.map(([name]) => name);
        };
        const known = await namesOf(theirs);
        const got = await namesOf(ours);
        expect(
          got.filter((name) => known.includes(name)),
          show,
        ).toEqual(known);
      }
    });

    test('what one database and one pool are is told the same', async () => {
      const { ours, theirs } = await bothConsoles(program);
      const picked: Record<string, readonly string[]> = {
        DATABASES:
          'name host port database force_user pool_size min_pool_size pool_mode paused'.split(' '),
        POOLS:
          'database user cl_active cl_waiting sv_active sv_idle sv_login maxwait pool_mode'.split(
            ' ',
          ),
        SERVERS: 'type user database state application_name'.split(' '),
        STATS: 'total_xact_count total_query_count total_received total_sent'.split(' '),
      };
      for (const [show, names] of Object.entries(picked)) {
        const rowOf = async (client: Client): Promise<Record<string, unknown>> => {
          const { rows } = await client.query<Record<string, unknown>>(`SHOW ${show}`);
          const row = rows.find(({ name, database }) => (name ?? database) === 'app');
          return Object.fromEntries(names.map((name) => [name, row?.[name]]));
        };
        expect(await rowOf(ours), show).toEqual(await rowOf(theirs));
      }
    });
  });
}
