import { expect, test } from 'vitest';
import { parseIdent } from '../../../src/pool/auth/ident.ts';

const maps = parseIdent(
  String.raw`
  # MAP  SYSTEM               USER
  dba    joe                  postgres
  dba    jim                  postgres   # a second one
  dba    jim                  jim
  mail   /^(.*)@our\.org$     \1
  mail   /^(.*)@guest\.org$   guest
  any    root                 all
  quoted "/^x"                "all"
  part   /^(a)|b$             x\1`,
  'pg_ident.conf',
);

test.each([
  ['dba', 'joe', 'postgres', true],
  ['dba', 'joe', 'joe', false],
  ['dba', 'jim', 'jim', true],
  ['dba', 'JOE', 'postgres', false],
  ['mail', 'jane@our.org', 'jane', true],
  ['mail', 'jane@our.org', 'joe', false],
  ['mail', 'jane@our.org.evil', 'jane', false],
  ['mail', 'jane@guest.org', 'guest', true],
  ['any', 'root', 'whoever', true],
  ['any', 'joe', 'joe', false],
  ['quoted', '/^x', 'all', true],
  ['quoted', 'xy', 'all', false],
  ['quoted', '/^x', 'joe', false],
  ['part', 'b', 'x', true],
  ['part', 'a', 'xa', true],
  ['nomap', 'joe', 'joe', false],
  [null, 'joe', 'joe', true],
  [null, 'joe', 'jim', false],
])('map %s: system user %s as %s: %s', (map, system, user, allowed) => {
  expect(maps.allows(map, system, user)).toBe(allowed);
});

test('a group holds what the system says, not what it means', () => {
  const odd = parseIdent(String.raw`m /^(.*)$ \1`, 'f');
  expect(odd.allows('m', '$&$1', '$&$1')).toBe(true);
});

test('bad lines are told with their numbers', () => {
  const text = String.raw`m a
m a b c
m a +grp
m /( b
m /a \1
m a,b c
m "a b`;
  expect(() => parseIdent(text, 'pg_ident.conf')).toThrow(
    expect.objectContaining({
      code: 'POOL_AUTH_FILE',
      message: expect.stringMatching(
        /:7: a quote.*:1: expected.*:2: expected.*:3: \+grp needs.*:4: .*no regular.*:5: \\1 needs.*:6: a list/s,
      ),
    }),
  );
});
