import { createHash, X509Certificate } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { certificateHash } from '../../src/wire/index.ts';
import { selfSigned, type SignatureKind } from './self-signed.ts';

const hashes: [kind: SignatureKind, hash: string][] = [
  ['rsa-sha256', 'sha256'],
  ['rsa-sha512', 'sha512'],
  ['rsa-pss-sha384', 'sha384'],
  ['ecdsa-sha384', 'sha384'],
  // RFC 5929: SHA-1 is too weak to bind to.
  ['rsa-sha1', 'sha256'],
];

test.each(hashes)('a certificate signed with %s is bound by %s', (kind, hash) => {
  const { certificate } = selfSigned(kind);
  const known = new X509Certificate(certificate);
  expect(known.verify(known.publicKey)).toBe(true);
  expect(certificateHash(certificate)).toEqual(createHash(hash).update(certificate).digest());
});

test('a signature without a hash function cannot be bound to', () => {
  expect(certificateHash(selfSigned('ed25519').certificate)).toBeNull();
});

test('bytes that are no certificate cannot be bound to', () => {
  const { certificate } = selfSigned('ecdsa-sha384');
  for (let end = 0; end < certificate.length; end++) {
    expect(certificateHash(certificate.subarray(0, end))).toBeNull();
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect(certificateHash(Buffer.from(bytes))).toBeNull();
    }),
  );
});
