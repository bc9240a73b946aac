import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { SluiceError } from '../errors/index.ts';
import type { TargetHost } from './target/index.ts';

/**
 * Whether a certificate, already trusted, belongs to the host the connection string names.
 *
 * A name must be among the certificate's DNS names, where `*` may stand for the whole first label; an
 * address among its IP addresses. The common name counts only in a certificate without either.
 *
 * @param certificate DER
 * @returns undefined when it does
 */
export function verifyIdentity(host: TargetHost, certificate: Buffer): Error | undefined {
  const parsed = new X509Certificate(certificate);
  const name = host.host;
  if (name === '') {
    return new SluiceError('SESSION_IDENTITY', {
      host: host.hostaddr ?? '',
      names: 'a host to compare with: only hostaddr is given',
    });
  }
  const isMatch = isIP(name) === 0 ? matchesName(parsed, name) : matchesAddress(parsed, name);
  if (isMatch) return undefined;
  return new SluiceError('SESSION_IDENTITY', { host: name, names: describeNames(parsed) });
}

function matchesName(certificate: X509Certificate, name: string): boolean {
  // "default": the common name only where there is no DNS name; but an IP address excludes it too.
  const subject = hasAlternatives(certificate) ? 'never' : 'default';
  if (certificate.checkHost(name, { subject, partialWildcards: false }) !== undefined) return true;
  return matchesShortWildcard(certificate.subjectAltName ?? '', name);
}

/** `*.internal`: OpenSSL wants two labels behind a wildcard, PostgreSQL's clients are content with one. */
function matchesShortWildcard(names: string, host: string): boolean {
  const dot = host.indexOf('.');
  // Odd characters come quoted, and a quoted name could hold what looks like another one.
  if (dot < 1 || names.includes('"')) return false;
  const wanted = `DNS:*${host.slice(dot)}`.toLowerCase();
  return names.split(', ').some((name) => name.toLowerCase() === wanted);
}

function matchesAddress(certificate: X509Certificate, address: string): boolean {
  if (certificate.checkIP(address) !== undefined) return true;
  return !hasAlternatives(certificate) && commonName(certificate) === address;
}

function hasAlternatives(certificate: X509Certificate): boolean {
  return /(?:^|, )(?:DNS|IP Address):/.test(certificate.subjectAltName ?? '');
}

function commonName(certificate: X509Certificate): string | undefined {
  return /^CN=(.*)$/m.exec(certificate.subject)?.[1];
}

function describeNames(certificate: X509Certificate): string {
  return certificate.subjectAltName ?? certificate.subject.replaceAll('\n', ', ');
}
