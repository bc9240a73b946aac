import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadPgbouncerIni } from '../../../src/pool/config/index.ts';
import { temporaryFolder } from '../../kit/index.ts';
import { loadText, problemsOf, problemsOfFile } from './problems-of.ts';

const main = '[pgbouncer]\n';

describe('a pgbouncer.ini that is right', () => {
  test('gives every setting its value or default, typed', async () => {
    const { settings, file, warnings } = await loadText(`
;; comment
   # comment
[pgbouncer]
listen_addr = 127.0.0.1 , ::1
listen_port=0x10
admin_users = a, b
query_timeout = 1.5
auth_type = SCRAM-SHA-256
unix_socket_mode = 0770
log_connections = 0
auth_query = SELECT a, b FROM f($1) ; no comment
auth_user =\r
  max_client_conn   =   010\t
`);
    expect(settings).toMatchObject({
      listen_addr: ['127.0.0.1', '::1'],
      listen_port: 16,
      admin_users: ['a', 'b'],
      query_timeout: 1.5,
      auth_type: 'scram-sha-256',
      unix_socket_mode: 0o770,
      log_connections: false,
      auth_query: 'SELECT a, b FROM f($1) ; no comment',
      auth_user: '',
      max_client_conn: 8,
      default_pool_size: 20,
      server_check_query: '<empty>',
      track_extra_parameters: ['IntervalStyle'],
      auth_file: '',
      verbose: 0,
      workers: 1,
      cache_unnamed_statements: true,
      conffile: file,
    });
    expect(warnings).toEqual([]);
  });

  test('describes databases in connection strings with quotes doubled', async () => {
    const { databases } = await loadText(`${main}[databases]
shop = host=a,b port = 5433 dbname='it''s' user=u password='p w' reserve_pool=3 pool_mode=AUTO
empty =
"odd ""name" = connect_query='select ''x''' timezone=UTC application_name=app
* = host=/tmp auth_query='select 1' target_session_attrs=prefer-standby pool_size=-1
`);
    expect([...databases.keys()]).toEqual(['shop', 'empty', 'odd "name', '*']);
    expect(databases.get('shop')).toMatchObject({
      hosts: ['a', 'b'],
      port: 5433,
      dbname: "it's",
      user: 'u',
      reservePoolSize: 3,
      poolMode: 'auto',
      loadBalanceHosts: 'round-robin',
    });
    expect(databases.get('shop')?.password?.reveal()).toBe('p w');
    expect(databases.get('empty')).toMatchObject({
      hosts: [],
      port: 5432,
      dbname: null,
      user: null,
      password: null,
      poolSize: null,
      tls: null,
      parameters: {},
    });
    expect(databases.get('odd "name')).toMatchObject({
      connectQuery: "select 'x'",
      parameters: { timezone: 'UTC', application_name: 'app' },
    });
    expect(databases.get('*')).toMatchObject({
      hosts: ['/tmp'],
      authQuery: 'select 1',
      targetSessionAttrs: 'prefer-standby',
      poolSize: null,
    });
  });

  test('describes users and peers', async () => {
    const { users, peers } = await loadText(`[pgbouncer]
peer_id = 1
[users]
joe = pool_mode=session max_user_connections=3 query_timeout=1.5
[peers]
2 = host=/run/two pool_size=4
`);
    expect(users.get('joe')).toMatchObject({
      poolMode: 'session',
      maxUserConnections: 3,
      queryTimeout: 1.5,
      poolSize: null,
    });
    expect(peers.get(2)).toEqual({ id: 2, host: '/run/two', port: 6432, poolSize: 4 });
  });

  test('may begin with the mark of UTF-8', async () => {
    expect((await loadText(`\u{FEFF}${main}`)).warnings).toEqual([]);
  });
});

describe('%include', () => {
  test('is read as if it stood there: its section goes on after it', async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, 'inc.ini'), 'default_pool_size = 3\n[databases]\ny = host=b\n');
    const file = join(folder, 'p.ini');
    await writeFile(file, `${main}%include   ${join(folder, 'inc.ini')}  \nz = host=c\n`);
    const { settings, databases } = await loadPgbouncerIni(file);
    expect(settings.default_pool_size).toBe(3);
    expect([...databases.keys()]).toEqual(['y', 'z']);
  });

  test('takes a relative name from the current folder on, not from that of the file', async () => {
    const folder = temporaryFolder();
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'inc.ini'), 'default_pool_size = 3\n');
    const file = join(folder, 'sub', 'p.ini');
    await writeFile(file, `${main}%include ${relative(process.cwd(), join(folder, 'inc.ini'))}\n`);
    expect((await loadPgbouncerIni(file)).settings.default_pool_size).toBe(3);
  });

  test('names the line in the included file', async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, 'inc.ini'), '\ndefault_pool_size = x\n');
    const file = join(folder, 'p.ini');
    await writeFile(file, `${main}%include ${join(folder, 'inc.ini')}\n`);
    expect(await problemsOfFile(file)).toEqual([
      'inc.ini:2: default_pool_size: expected an integer 0..2147483647, got "x"',
    ]);
  });

  test('ends where files include one another', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'p.ini');
    await writeFile(file, `${main}%include ${file}\n`);
    expect(await problemsOfFile(file)).toEqual([
      'p.ini:2: %include p.ini: files include one another without end',
    ]);
  });

  test('ends ten files deep', async () => {
    const folder = temporaryFolder();
    const file = (depth: number) => join(folder, `${depth}.ini`);
    for (let depth = 0; depth < 12; depth += 1) {
      await writeFile(file(depth), `[pgbouncer]\n%include ${file(depth + 1)}\n`);
    }
    expect(await problemsOfFile(file(0))).toEqual([
      '10.ini:2: %include 11.ini: files include one another too deeply',
    ]);
  });
});

describe('a pgbouncer.ini that is wrong', () => {
  test('is refused with every problem, in order, each with its line', async () => {
    expect(
      await problemsOf(`x = 1
[databasess]
y = 1
[databases]
a = hots=b
b = host=
pgbouncer = host=a
c = port=70000 pool_mode=x
d = host=x "
%include /nonexistent/x.ini
[users]
u = pool_mod=session
[peers]
x = host=a
1 = port=3
[pgbouncer]
listen_prot = 6432
max_client_conn = 10 ; comment
log_connections = yes
foo bar = 1
%foo
client_tls_sslmode = require
auth_type = hba
[pgbouncer
`),
    ).toEqual([
      'p.ini:1: x: stands before the first [section]',
      'p.ini:2: [databasess]: unknown section; did you mean databases?',
      'p.ini:5: a: hots: unknown key; did you mean host?',
      "p.ini:6: b: syntax error: expected key=value key='two words' ..., without empty values",
      'p.ini:7: pgbouncer: this name is for the console',
      'p.ini:8: c: port: expected an integer 1..65535, got "70000"',
      'p.ini:8: c: pool_mode: expected one of session, transaction, statement, auto, got "x"',
      "p.ini:9: d: syntax error: expected key=value key='two words' ..., without empty values",
      'p.ini:10: %include /nonexistent/x.ini: cannot be read: ENOENT',
      'p.ini:12: u: pool_mod: unknown key; did you mean pool_mode?',
      'p.ini:14: x: expected the peer_id of another process, 1..16383',
      'p.ini:15: 1: host is missing',
      'p.ini:17: listen_prot: unknown key; did you mean listen_port?',
      'p.ini:18: max_client_conn: expected an integer 0..2147483647, got "10 ; comment"',
      'p.ini:19: log_connections: expected 0 or 1, got "yes"',
      'p.ini:20: syntax error: expected key = value',
      'p.ini:21: syntax error: expected %include FILE',
      'p.ini:24: syntax error: expected [section]',
      'p.ini:22: client_tls_sslmode: require needs client_tls_key_file',
      'p.ini:22: client_tls_sslmode: require needs client_tls_cert_file',
      'p.ini:23: auth_type: hba needs auth_hba_file',
    ]);
  });

  test.each([
    ['auth_type = pam', 'pam is not supported'],
    ['auth_type = LDAP', 'ldap is not supported'],
    ['auth_type = gss', 'gss is not supported'],
    ['auth_type = peer', 'peer is a method of the HBA file'],
    ['auth_ldap_options = ldapurl="x"', 'ldap is not supported'],
    ['auth_dbname = pgbouncer', 'pgbouncer is the console'],
    ['unix_socket_dir =', 'there is nowhere to listen'],
    ['client_tls_protocols = tlsv1.0,tlsv1.3', 'expected secure, all, or neighbours'],
    ['client_tls_protocols = ssl', 'expected secure, all, or neighbours'],
    ['query_timeout = -1', 'expected a number of seconds'],
    ['query_timeout = inf', 'expected a number of seconds'],
    ['query_timeout = 5s', 'expected a number of seconds'],
    ['query_timeout =', 'expected a number of seconds'],
    ['peer_id = 16384', 'expected an integer 0..16383'],
    ['unix_socket_mode = 0900', 'expected permission bits'],
    ['Auth_type = md5', 'unknown key; did you mean auth_type?'],
  ])('%s is refused at its line: %s', async (line, problem) => {
    const problems = await problemsOf(`${main}${line}\n`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^p\.ini:2: /);
    expect(problems[0]).toContain(problem);
  });

  test('without [pgbouncer], or that is not there, is refused', async () => {
    expect(await problemsOf('')).toEqual(['p.ini: section [pgbouncer] is missing']);
    expect(await problemsOfFile('/nonexistent/p.ini')).toEqual(['p.ini: cannot be read: ENOENT']);
  });

  test('never shows a password', async () => {
    const problems = await problemsOf(
      `${main}[databases]\nx = password=s3cret foo=s3cret "s3cret\n`,
    );
    expect(problems).toHaveLength(1);
    expect(problems.join()).not.toContain('s3cret');
  });

  test('shows the first problems of very many', async () => {
    const problems = await problemsOf('x\n'.repeat(500));
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toBe('and 451 more');
  });
});

describe('what has no effect is said', () => {
  test.each([
    ['tcp_user_timeout = 5', 'Node.js does not offer TCP_USER_TIMEOUT'],
    ['tcp_defer_accept = 45', 'Node.js does not offer TCP_DEFER_ACCEPT'],
    ['client_tls_dheparams = legacy', 'auto is used'],
    ['syslog = 1', 'no syslog output'],
    ['pkt_buf = 8192', 'sized by what is measured best'],
  ])('%s', async (line, reason) => {
    const { warnings, file } = await loadText(`${main}${line}\n`);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(`${file}:2: ${line.split(' ')[0]}: has no effect: `);
    expect(warnings[0]).toContain(reason);
  });

  test.each([
    'tcp_user_timeout = 0',
    'tcp_user_timeout = 0x0',
    'tcp_defer_accept = 1',
    'tcp_defer_accept = 0',
    'client_tls_dheparams = none',
    'tcp_keepcnt = 3',
    'pkt_buf = 4096',
  ])('%s says what happens anyway', async (line) => {
    expect((await loadText(`${main}${line}\n`)).warnings).toEqual([]);
  });

  test('a second [pgbouncer] begins again from the defaults, as in pgBouncer', async () => {
    const { settings, warnings, file } = await loadText(
      `${main}max_client_conn = 5\n[users]\n[pgbouncer]\ndefault_pool_size = 3\n`,
    );
    expect(settings).toMatchObject({ max_client_conn: 100, default_pool_size: 3 });
    expect(warnings).toEqual([
      `${file}:4: [pgbouncer]: begins again, so 1 settings before it have no effect`,
    ]);
  });

  test('a database named again replaces the first; peers need a peer_id; any needs a user', async () => {
    const { databases, warnings, file } = await loadText(
      `${main}auth_type = any\n[databases]\nx = host=a pool_size=3 password=p\nx = host=b password=p\n[peers]\n1 = host=a\n`,
    );
    expect(databases.get('x')).toMatchObject({ hosts: ['b'], poolSize: null });
    expect(warnings).toEqual([
      `${file}:5: x: replaces the line at ${file}:4`,
      `${file}:5: x: password: has no effect: there is no user`,
      `${file}:5: x: nobody can log in: auth_type = any needs a user here`,
      `${file}: [peers]: has no effect: peer_id is 0`,
    ]);
  });
});

const words = [
  ['[databases]', '[pgbouncer]', '[users]', '[peers]', '*', 'x', '1', '"a b"', '"'],
  ['=', ' ', '\n', '\n', "'", 'host', 'dbname', 'pool_size', 'listen_port', 'query_timeout'],
  ['%include', '/', '-1', '0x', '08', '1e9', ';', '#', ',', '\0', '\r', 'é', '__proto__'],
].flat();

describe('any text', () => {
  const word = fc.constantFrom(...words);
  const text = fc.oneof(
    fc.array(word, { maxLength: 60 }).map((words) => words.join('')),
    fc.string({ unit: 'binary', maxLength: 100 }),
  );

  test('is a config or POOL_CONFIG', async () => {
    const file = join(temporaryFolder(), 'p.ini');
    await fc.assert(
      fc.asyncProperty(text, async (ini) => {
        await writeFile(file, `[pgbouncer]\n${ini}`);
        await problemsOfFile(file);
      }),
      { numRuns: 500 },
    );
  });
});
