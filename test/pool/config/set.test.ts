import { describe, expect, test } from 'vitest';
import { applyReload, applySet, configKeys, configRows } from '../../../src/pool/config/index.ts';
import { loadText } from './problems-of.ts';

const rowOf = (rows: ReturnType<typeof configRows>, key: string) =>
  rows.find((row) => row.key === key);

describe('SHOW CONFIG', () => {
  test('lists every setting by alphabet, with its default and whether it can be changed', async () => {
    const rows = configRows(await loadText('[pgbouncer]\n'));
    expect(rows.map(({ key }) => key)).toEqual(configKeys.map(({ name }) => name));
    expect(rows.map(({ key }) => key)).toEqual(rows.map(({ key }) => key).toSorted());
    expect(rowOf(rows, 'listen_port')).toEqual({
      key: 'listen_port',
      value: '6432',
      default: '6432',
      changeable: false,
    });
    expect(rowOf(rows, 'auth_file')).toMatchObject({ value: null, default: null });
  });

  // What pgBouncer 1.18 prints for these.
  test.each([
    ['query_timeout', '1.23456789', '1.23457'],
    ['query_timeout', '100000.4', '100000'],
    ['query_timeout', '1e3', '1000'],
    ['query_timeout', '12345678', '1.23457e+07'],
    ['query_timeout', '0.1', '0.1'],
    ['query_timeout', '0.00001', '1e-05'],
    ['max_client_conn', '010', '8'],
    ['max_client_conn', '0x10', '16'],
    ['max_client_conn', '+5', '5'],
    ['unix_socket_mode', '0700', '448'],
    ['unix_socket_mode', '700', '700'],
    ['pool_mode', 'Transaction', 'transaction'],
    ['stats_users', 'a,b, c', 'a,b, c'],
    ['listen_addr', '127.0.0.1 , ::1', '127.0.0.1 , ::1'],
    ['auth_user', '', ''],
    ['verbose', '2', '2'],
    ['server_check_query', '', ''],
  ])('%s = %s is shown as %s', async (key, text, shown) => {
    const rows = configRows(await loadText(`[pgbouncer]\n${key} = ${text}\n`));
    expect(rowOf(rows, key)?.value).toBe(shown);
  });
});

describe('SET', () => {
  test('changes one setting and leaves the config it was given', async () => {
    const before = await loadText('[pgbouncer]\nmax_client_conn = 5\n');
    const after = applySet(before, 'query_timeout', '2.5');
    expect(after.settings).toMatchObject({ query_timeout: 2.5, max_client_conn: 5 });
    expect(before.settings.query_timeout).toBe(0);
    expect(rowOf(configRows(after), 'query_timeout')?.value).toBe('2.5');
  });

  test('changes the file that the next RELOAD reads', async () => {
    const before = await loadText('[pgbouncer]\n');
    expect(applySet(before, 'conffile', '/x').settings.conffile).toBe('/x');
    expect(applySet(before, 'query_timeout', '1').settings.conffile).toBe(before.file);
  });

  test.each([
    ['query_timeot', '1', 'POOL_SETTING_UNKNOWN', 'did you mean query_timeout?'],
    ['listen_port', '1', 'POOL_SETTING_FIXED', 'listen_port cannot be changed'],
    ['query_timeout', 'abc', 'POOL_SETTING_VALUE', 'expected a number of seconds'],
    ['auth_type', 'pam', 'POOL_SETTING_VALUE', 'pam is not supported'],
    ['client_tls_sslmode', 'require', 'POOL_SETTING_VALUE', 'needs client_tls_key_file'],
    ['__proto__', '1', 'POOL_SETTING_UNKNOWN', 'unknown setting __proto__'],
  ])('%s = %s is refused as %s: %s', async (key, value, code, message) => {
    const config = await loadText('[pgbouncer]\n');
    expect(() => applySet(config, key, value)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

test('RELOAD leaves what takes effect at the start only, and says so', async () => {
  const running = await loadText('[pgbouncer]\nlisten_port = 1\njob_name = x\n');
  const loaded = await loadText(
    '[pgbouncer]\nlisten_port = 2\nmax_client_conn = 7\njob_name = x\n',
  );
  const { settings, warnings, given } = applyReload(running, loaded);
  expect(settings).toMatchObject({ listen_port: 1, max_client_conn: 7, conffile: loaded.file });
  expect(given.get('listen_port')).toBe('1');
  expect(warnings).toContain(`${loaded.file}: listen_port: takes effect at the next start`);
  expect(warnings.join()).not.toContain('job_name: takes effect');
});
