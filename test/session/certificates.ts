import { createSign, generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto';
import { isIP } from 'node:net';

export interface Certificate {
  readonly pem: string;
  readonly keyPem: string;
}

export interface Authority extends Certificate {
  /** @param names DNS names and addresses for the subject alternative name; none: no such extension */
  issue(commonName: string, names?: readonly string[]): Certificate;
  /** A list that revokes what was issued under these common names. */
  revoke(...commonNames: string[]): string;
}

const ecdsaWithSha256 = der(0x30, hex('06082a8648ce3d040302'));

/** A certificate authority of the test's own: P-256 and SHA-256, written in DER here. */
export function createAuthority(commonName: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const isAuthority = extension('551d13', der(0x30, hex('0101ff')), true);
  const own = sign(commonName, keys.publicKey, 1, [isAuthority]);
  const serials = new Map<string, number>();

  function sign(
    subject: string,
    publicKey: KeyObject,
    serial: number,
    extensions: readonly Buffer[],
  ): string {
    const body = der(
      0x30,
      hex('a003020102'),
      der(0x02, Buffer.from([serial])),
      ecdsaWithSha256,
      name(commonName),
      der(0x30, utcTime('200101000000Z'), utcTime('491231235959Z')),
      name(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      ...(extensions.length === 0 ? [] : [der(0xa3, der(0x30, ...extensions))]),
    );
    return new X509Certificate(signed(body)).toString();
  }

  function signed(body: Buffer): Buffer {
    const signature = createSign('sha256').update(body).sign(keys.privateKey);
    return der(0x30, body, ecdsaWithSha256, der(0x03, Buffer.from([0]), signature));
  }

  return {
    pem: own,
    keyPem: pem(keys.privateKey),
    issue(subject, names = []) {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const serial = serials.size + 2;
      serials.set(subject, serial);
      const alternatives =
        names.length === 0 ? [] : [extension('551d11', der(0x30, ...names.map(alternative)))];
      return { pem: sign(subject, publicKey, serial, alternatives), keyPem: pem(privateKey) };
    },
    revoke(...commonNames) {
      const revoked = commonNames.map((subject) =>
        der(0x30, der(0x02, Buffer.from([serials.get(subject) ?? 0])), utcTime('200101000000Z')),
      );
      const times = [utcTime('200101000000Z'), utcTime('491231235959Z')];
      const body = der(
        0x30,
        hex('020101'),
        ecdsaWithSha256,
        name(commonName),
        ...times,
        der(0x30, ...revoked),
      );
      const lines =
        signed(body)
          .toString('base64')
          .match(/.{1,64}/g) ?? [];
      return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`;
    },
  };
}

/** dNSName is [2], iPAddress [7]. */
function alternative(text: string): Buffer {
  if (isIP(text) === 0) return der(0x82, Buffer.from(text));
  return der(0x87, isIP(text) === 4 ? Buffer.from(text.split('.').map(Number)) : ipv6(text));
}

function ipv6(text: string): Buffer {
  if (text !== '::1') throw new Error(`only ::1 is needed here, not ${text}`);
  return Buffer.concat([Buffer.alloc(15), Buffer.from([1])]);
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [hex('0101ff')] : [];
  return der(0x30, der(0x06, hex(id)), ...critical, der(0x04, value));
}

function name(commonName: string): Buffer {
  return der(0x30, der(0x31, der(0x30, hex('0603550403'), der(0x0c, Buffer.from(commonName)))));
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function utcTime(text: string): Buffer {
  return der(0x17, Buffer.from(text));
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), Buffer.from(derLength(content.length)), content]);
}

function derLength(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}
