import { describe, expect, test } from 'vitest';
import { AuthQuery, readAuthRows } from '../../../src/pool/auth/index.ts';

describe('readAuthRows', () => {
  test('no row, or a NULL user: nobody', () => {
    expect(readAuthRows('joe', [])).toBeNull();
    expect(readAuthRows('joe', [[null, null]])).toBeNull();
    expect(readAuthRows('joe', [[null, 'x']])).toBeNull();
  });

  test('a NULL or empty password: a user with whom no password is right', () => {
    expect(readAuthRows('joe', [['joe', null]])).toEqual({ name: 'joe', password: null });
    expect(readAuthRows('joe', [['joe', '']])).toEqual({ name: 'joe', password: null });
  });

  test('a user with its secret', () => {
    expect(readAuthRows('joe', [['joe', 'md5x']])?.password?.reveal()).toBe('md5x');
  });

  test.each([
    [
      'several rows',
      [
        ['joe', 'a'],
        ['joe', 'b'],
      ],
    ],
    ['one column', [['joe']]],
    ['three columns', [['joe', 'a', 'b']]],
    ['another user', [['postgres', 'a']]],
  ])('%s: an error', (_, rows) => {
    expect(() => readAuthRows('joe', rows)).toThrow(
      expect.objectContaining({ code: 'POOL_AUTH_QUERY' }),
    );
  });
});

describe('AuthQuery', () => {
  test('asks anew for every login, once for those at the same time', async () => {
    let runs = 0;
    const query = new AuthQuery('SELECT 1', (text, user) => {
      expect(text).toBe('SELECT 1');
      return Promise.resolve([[user, `password ${++runs}`]]);
    });
    const together = await Promise.all([query.find('joe'), query.find('joe'), query.find('jim')]);
    expect(together.map((user) => user?.password?.reveal())).toEqual([
      'password 1',
      'password 1',
      'password 2',
    ]);
    expect((await query.find('joe'))?.password?.reveal()).toBe('password 3');
  });

  test('does not remember a failure', async () => {
    let fails = true;
    const query = new AuthQuery('q', () =>
      fails ? Promise.reject(new Error('no server')) : Promise.resolve([]),
    );
    await expect(query.find('joe')).rejects.toThrow('no server');
    fails = false;
    expect(await query.find('joe')).toBeNull();
  });
});
