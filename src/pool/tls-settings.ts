import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  createSecureContext,
  type SecureContext,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls';
import type { TlsMode, TlsTarget } from '../session/index.ts';
import { SluiceError } from '../errors/index.ts';
import { readTlsProtocols, type DatabaseTls, type PoolSettings } from './config/index.ts';

/** What clients are offered. */
export interface ClientTls {
  readonly mode: TlsMode;
  /** Null when TLS is off. */
  readonly context: SecureContext | null;
  /** Our certificate in DER, which clients bind SCRAM to. */
  readonly certificate: Buffer | null;
  readonly asksForCertificate: boolean;
  /** Whoever has none that the CA vouches for is not let in. */
  readonly needsCertificate: boolean;
}

const nodeVersions: Readonly<Record<string, SecureVersion>> = {
  'tlsv1.0': 'TLSv1',
  'tlsv1.1': 'TLSv1.1',
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
};

function versionRange(protocols: string): { minVersion: SecureVersion; maxVersion: SecureVersion } {
  const named = (readTlsProtocols(protocols) ?? []).map((name) => nodeVersions[name]);
  return { minVersion: named[0] ?? 'TLSv1.2', maxVersion: named.at(-1) ?? 'TLSv1.3' };
}

/** pgBouncer's words for sets of ciphers; anything else is OpenSSL's. */
function cipherList(ciphers: string, tls13: string): { ciphers?: string } {
  const named = ['', 'default', 'secure', 'fast', 'normal', 'all', 'compat', 'legacy'];
  const chosen = [tls13, named.includes(ciphers) ? '' : ciphers].filter((text) => text !== '');
  return chosen.length === 0 ? {} : { ciphers: chosen.join(':') };
}

/**
 * Reads the files that client_tls_* name.
 *
 * @throws SESSION_FILE  one cannot be read
 */
export function loadClientTls(settings: PoolSettings): ClientTls {
  const mode = settings.client_tls_sslmode;
  if (mode === 'disable') {
    const without = { asksForCertificate: false, needsCertificate: false };
    return { mode, context: null, certificate: null, ...without };
  }
  const cert = readTlsFile('client_tls_cert_file', settings.client_tls_cert_file);
  const key = readTlsFile('client_tls_key_file', settings.client_tls_key_file);
  const { client_tls_ca_file: caFile } = settings;
  // Without a file nobody vouches for clients; without the option it would be all public authorities.
  const ca = caFile === '' ? [] : [readTlsFile('client_tls_ca_file', caFile)];
  const curve = settings.client_tls_ecdhcurve;
  const context = createSecureContext({
    cert,
    key,
    ca,
    // As with PostgreSQL, no session is taken up again: each shows its certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
    ...versionRange(settings.client_tls_protocols),
    ...cipherList(settings.client_tls_ciphers, settings.client_tls13_ciphers),
    ...(curve === '' || curve === 'auto' || curve === 'none' ? {} : { ecdhCurve: curve }),
  });
  const needsCertificate = mode === 'verify-ca' || mode === 'verify-full';
  return {
    mode,
    context,
    certificate: derOf(cert.toString()),
    asksForCertificate: caFile !== '' || needsCertificate,
    needsCertificate,
  };
}

/**
 * The certificate that a client has shown, in DER, when the CA vouches for it. Only after the handshake.
 *
 * `authorized` is set by Node's tls.Server alone; what OpenSSL has found out is asked of the socket's handle,
 * whose shape is not public: where it is another one, nobody is verified.
 */
export function verifiedCertificate(socket: TLSSocket): Buffer | null {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return null;
  const verifyError: unknown = Reflect.get(handle, 'verifyError');
  if (typeof verifyError !== 'function') return null;
  // A session that is taken up again without a certificate has no error either.
  const certificate = socket.getPeerX509Certificate()?.raw ?? null;
  const error: unknown = Reflect.apply(verifyError, handle, []);
  return error === null ? certificate : null;
}

/** The first certificate of a PEM file. */
function derOf(pem: string): Buffer | null {
  const [, body] = /-----BEGIN CERTIFICATE-----([^-]+)-----END/.exec(pem) ?? [];
  return body === undefined ? null : Buffer.from(body, 'base64');
}

function readTlsFile(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new SluiceError('SESSION_FILE', { what, path }, { cause });
  }
}

/**
 * What server_tls_* mean to a connection to a server.
 *
 * @param own  what the database's own connection string says instead
 */
export function serverTlsTarget(settings: PoolSettings, own: DatabaseTls | null): TlsTarget {
  const cert = own?.certFile ?? settings.server_tls_cert_file;
  return {
    mode: own?.sslmode ?? settings.server_tls_sslmode,
    negotiation: 'postgres',
    rootCert: named(own?.caFile ?? settings.server_tls_ca_file),
    cert: named(cert),
    key: named(own?.keyFile ?? settings.server_tls_key_file),
    keyPassword: null,
    certMode: cert === '' ? 'disable' : 'require',
    crl: null,
    crlFolder: null,
    sendServerName: true,
    ...versionRange(settings.server_tls_protocols),
    // No default files: a pooler uses what its configuration names.
    folder: '/nonexistent',
  };
}

function named(path: string): string | null {
  return path === '' ? null : path;
}
