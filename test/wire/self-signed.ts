import {
  createSign,
  generateKeyPairSync,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';

export type SignatureKind =
  'rsa-sha256' | 'rsa-sha512' | 'rsa-sha1' | 'rsa-pss-sha384' | 'ecdsa-sha384' | 'ed25519';

export interface SelfSigned {
  readonly certificate: Buffer;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** AlgorithmIdentifier of each signature, as RFC 3279, 4055, 5758 and 8410 write it. */
const algorithms: Readonly<Record<SignatureKind, string>> = {
  'rsa-sha1': '300d06092a864886f70d0101050500',
  'rsa-sha256': '300d06092a864886f70d01010b0500',
  'rsa-sha512': '300d06092a864886f70d01010d0500',
  'rsa-pss-sha384':
    '304106092a864886f70d01010a3034a00f300d06096086480165030402020500' +
    'a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130',
  'ecdsa-sha384': '300a06082a8648ce3d040303',
  ed25519: '300506032b6570',
};

/** The smallest certificate for `localhost`, valid for the years around now, signed by its own key. */
export function selfSigned(kind: SignatureKind): SelfSigned {
  const { privateKey, publicKey } = keysFor(kind);
  const algorithm = Buffer.from(algorithms[kind], 'hex');
  const name = der(
    0x30,
    der(0x31, der(0x30, hex('0603550403'), der(0x0c, Buffer.from('localhost')))),
  );
  const validity = der(0x30, utcTime('200101000000Z'), utcTime('491231235959Z'));
  const key = publicKey.export({ type: 'spki', format: 'der' });
  const serial = hex('020101');
  const toSign = der(0x30, serial, algorithm, name, validity, name, key);
  const signature = der(0x03, Buffer.from([0]), signatureOf(kind, privateKey, toSign));
  const certificate = der(0x30, toSign, algorithm, signature);
  return {
    certificate,
    certificatePem: new X509Certificate(certificate).toString(),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function keysFor(kind: SignatureKind): { privateKey: KeyObject; publicKey: KeyObject } {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'ecdsa-sha384') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function signatureOf(kind: SignatureKind, key: KeyObject, bytes: Buffer): Buffer {
  if (kind === 'ed25519') return sign(null, bytes, key);
  const hash = kind.slice(kind.lastIndexOf('-') + 1);
  const signer = createSign(hash).update(bytes);
  // RSA_PKCS1_PSS_PADDING is 6; its salt is as long as the hash, as the parameters above say.
  return kind.includes('pss') ? signer.sign({ key, padding: 6, saltLength: 48 }) : signer.sign(key);
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), Buffer.from(derLength(content.length)), content]);
}

function derLength(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

function utcTime(text: string): Buffer {
  return der(0x17, Buffer.from(text));
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
