import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../kit/index.ts';
import { pgbouncers, type PgbouncerProgram } from '../../kit/pgbouncer-programs.ts';
import { problemsOfFile } from './problems-of.ts';

// Every file ends in a line that is wrong, so that pgBouncer says which line it stops at and never starts.
const lines: readonly string[] = [
  [
    'max_client_conn = 5',
    'max_client_conn=0x10',
    ' max_client_conn\t=  010 ',
    'max_client_conn=+5',
  ],
  ['max_client_conn = 10 ; comment', 'max_client_conn = 10 # comment', 'max_client_conn : 5'],
  ['max_client_conn =', 'max_client_conn', 'max client = 5', 'Max_client_conn = 5', '= 5'],
  ['; comment', '   # comment', '', '\t', '%foo', '%include', '%include /nonexistent/x.ini'],
  ['[users]', ' [users]', '[users] ; comment', '[users] x', '[users', '[ users ]', '[USERS]', '[]'],
  ['query_timeout = 1.5', 'query_timeout=.5', 'query_timeout=1e3', 'query_timeout=5s'],
  ['query_timeout=', 'query_timeout=-1', 'query_timeout=0x', 'tcp_keepidle = 2.5'],
  ['pool_mode = Transaction', 'pool_mode = foo', 'auth_type = SCRAM-SHA-256', 'auth_type = ldap'],
  ['log_connections = 2', 'log_connections = yes', 'unix_socket_mode=0900', 'unix_socket_mode=700'],
  ['server_tls_sslmode = verify', 'server_tls_sslmode = Verify-Full', "admin_users = 'a'"],
  ['[databases]\nx =', '[databases]\nx', '[databases]\nx = foo', '[databases]\nx = host'],
  [
    "[databases]\nx = host='a b'",
    "[databases]\nx = dbname='it''s' port = 5",
    '[databases]\nx = host=',
  ],
  ["[databases]\nx = dbname='a", "[databases]\nx = dbname=a'b", "[databases]\nx = dbname='a'b=c"],
  ['[databases]\nx = foo=bar', '[databases]\nx = port=abc', '[databases]\nx = port=0'],
  [
    '[databases]\nx = pool_mode=SESSION',
    '[databases]\nx = pool_mode=foo',
    "[databases]\nx = host=''",
  ],
  ['[databases]\nx = host=a, b', '[databases]\nx = host=a,b', '[databases]\nx = host=a;dbname=b'],
  ['[databases]\npgbouncer = host=a', '[databases]\n* = host=a', '[databases]\na-b.c_9* = host=a'],
  ['[databases]\na/b = host=a', '[databases]\na b = host=a', '[databases]\né = host=a'],
  ['[databases]\nx = HOST=a', '[databases]\nx = host=a # c', '[databases]\nx = dbname=a\\ b'],
  ['[databases]\nx = reserve_pool=5 max_db_connections=3 application_name=x timezone=UTC'],
  ['[users]\nu = pool_mode=session max_user_connections=2', '[users]\nu =', '[users]\nu = foo=1'],
].flat();

for (const program of Object.values(pgbouncers)) {
  describe.skipIf(!program.isHere)(program.name, () => {
    test.each(lines)('stops at the same line: %j', async (line) => {
      const file = join(temporaryFolder(), 'p.ini');
      await writeFile(file, `[pgbouncer]\n${line}\nno line\n`);
      const problems = await problemsOfFile(file);
      expect(/^p\.ini:(\d+): /.exec(problems[0] ?? '')?.[1]).toBe(await stopsAt(program, file));
    });
  });
}

/** The line of the first error of pgBouncer. */
async function stopsAt({ path }: PgbouncerProgram, file: string): Promise<string | undefined> {
  const said = await new Promise<string>((done) => {
    execFile(path, [file], (_error, _stdout, stderr) => done(stderr));
  });
  expect(said).toContain('FATAL cannot load config file');
  return /in configuration \([^)]*p\.ini:(\d+)\)/.exec(said)?.[1];
}
