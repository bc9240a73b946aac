import { createHash } from 'node:crypto';

/** The object identifiers that name a signature or hash algorithm, in DER, and the hash that each means. */
const hashOfAlgorithm: Readonly<Record<string, string>> = {
  // RFC 5929: where the signature uses MD5 or SHA-1, the binding uses SHA-256.
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2b0e03021a': 'sha256', // SHA-1
  '2a864886f70d01010b': 'sha256', // sha256WithRSAEncryption
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a864886f70d01010e': 'sha224',
  '2a8648ce3d040301': 'sha224', // ecdsa-with-SHA224
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '608648016503040201': 'sha256', // SHA-256
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
  '608648016503040204': 'sha224',
};

const rsassaPss = '2a864886f70d01010a';
/** RSASSA-PSS without parameters means SHA-1 (RFC 4055), and SHA-1 means SHA-256 (RFC 5929). */
const pssDefaultHash = 'sha256';

const DerTag = { sequence: 0x30, objectIdentifier: 0x06, context0: 0xa0 } as const;

/**
 * The hash that tls-server-end-point binds to: of the whole certificate, by the hash function of its
 * signature. Null when the signature names none (Ed25519, Ed448) or the bytes are no certificate: then
 * this channel cannot be bound.
 *
 * @param certificate  DER, as `getPeerCertificate().raw`
 * @see RFC 5929, section 4.1
 */
export function certificateHash(certificate: Buffer): Buffer | null {
  const hash = signatureHash(certificate);
  return hash === null ? null : createHash(hash).update(certificate).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE { OID, parameters }, ... } */
function signatureHash(certificate: Buffer): string | null {
  const outer = readDer(certificate, DerTag.sequence);
  const signed = readDer(outer?.content, DerTag.sequence);
  const algorithm = readDer(signed?.after, DerTag.sequence);
  const name = readDer(algorithm?.content, DerTag.objectIdentifier);
  if (!name) return null;
  const id = name.content.toString('hex');
  return id === rsassaPss ? pssHash(name.after) : (hashOfAlgorithm[id] ?? null);
}

/** RSASSA-PSS-params ::= SEQUENCE { [0] SEQUENCE { OID of the hash, ... } DEFAULT sha1, ... } */
function pssHash(parameters: Buffer): string | null {
  const fields = readDer(parameters, DerTag.sequence);
  const hashField = readDer(fields?.content, DerTag.context0);
  if (!hashField) return pssDefaultHash;
  const algorithm = readDer(hashField.content, DerTag.sequence);
  const name = readDer(algorithm?.content, DerTag.objectIdentifier);
  return name ? (hashOfAlgorithm[name.content.toString('hex')] ?? null) : null;
}

interface DerValue {
  readonly content: Buffer;
  /** What follows the value. */
  readonly after: Buffer;
}

/** The DER value at the start of the bytes; null when it is another kind of value, or cut. */
function readDer(bytes: Buffer | undefined, tag: number): DerValue | null {
  if (bytes === undefined || bytes.length < 2 || bytes[0] !== tag) return null;
  const short = bytes[1]!;
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  const start = 2 + lengthBytes;
  if (lengthBytes > 4 || bytes.length < start) return null;
  const length = lengthBytes === 0 ? short & 0x7f : bytes.readUIntBE(2, lengthBytes);
  if (bytes.length - start < length) return null;
  return { content: bytes.subarray(start, start + length), after: bytes.subarray(start + length) };
}
