import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../src/session/index.ts';

test('a secret shows itself only when asked', () => {
  const secret = new Secret('s3cret');
  expect(`${String(secret)} ${JSON.stringify({ secret })} ${inspect({ secret })}`).not.toContain(
    's3cret',
  );
  expect(secret.reveal()).toBe('s3cret');
});
