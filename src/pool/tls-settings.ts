import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
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
 * @throws POOL_TLS  one does not hold what it is named for
 */
export function loadClientTls(settings: PoolSettings): ClientTls {
  const mode = settings.client_tls_sslmode;
  if (mode === 'disable') {
    const without = { asksForCertificate: false, needsCertificate: false };
    return { mode, context: null, certificate: null, ...without };
  }
  const { cert, key } = readKeyPair(
    { setting: 'client_tls_cert_file', path: settings.client_tls_cert_file },
    { setting: 'client_tls_key_file', path: settings.client_tls_key_file },
  );
  const { client_tls_ca_file: caFile } = settings;
  // Without a file nobody vouches for clients; without the option it would be all public authorities.
  const ca =
    caFile === '' ? [] : [readCertificates({ setting: 'client_tls_ca_file', path: caFile })];
  const curve = settings.client_tls_ecdhcurve;
  const context = makeContext({
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

/** A file and what names it. */
interface TlsFile {
  readonly setting: string;
  readonly path: string;
}

function readTlsFile({ setting, path }: TlsFile): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new SluiceError('SESSION_FILE', { what: setting, path }, { cause });
  }
}

/** OpenSSL's own words name neither file nor setting. */
function readCertificates(file: TlsFile): Buffer {
  const pem = readTlsFile(file);
  readAs(file, 'holds no certificate', () => new X509Certificate(pem));
  return pem;
}

function readKeyPair(certFile: TlsFile, keyFile: TlsFile): { cert: Buffer; key: Buffer } {
  const cert = readCertificates(certFile);
  const key = readTlsFile(keyFile);
  const secret = readAs(keyFile, 'holds no private key that can be read', () =>
    createPrivateKey(key),
  );
  if (!new X509Certificate(cert).checkPrivateKey(secret)) {
    const problem = `does not belong to the certificate in ${certFile.path}`;
    throw new SluiceError('POOL_TLS', { ...keyFile, problem });
  }
  return { cert, key };
}

function readAs<T>(file: TlsFile, problem: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new SluiceError('POOL_TLS', { ...file, problem }, { cause });
  }
}

function makeContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    const problem = `cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new SluiceError('POOL_TLS', { setting: 'client_tls_*', path: '', problem }, { cause });
  }
}

/**
 * What every server is shown and held against must be readable before there is one.
 *
 * @throws SESSION_FILE, POOL_TLS
 */
export function checkServerTls(settings: PoolSettings): void {
  if (settings.server_tls_sslmode === 'disable') return;
  const { server_tls_ca_file: ca, server_tls_cert_file: cert, server_tls_key_file: key } = settings;
  if (ca !== '' && ca !== 'system') readCertificates({ setting: 'server_tls_ca_file', path: ca });
  if (cert === '' || key === '') return;
  readKeyPair(
    { setting: 'server_tls_cert_file', path: cert },
    { setting: 'server_tls_key_file', path: key },
  );
}

/**
 * What server_tls_* mean to a connection to a server.
 *
 * @param own  what the database's own connection string says instead
 */
export function serverTlsTarget(settings: PoolSettings, own: DatabaseTls | null): TlsTarget {
  const cert = own?.certFile ?? settings.server_tls_cert_file;
  const mode = own?.sslmode ?? settings.server_tls_sslmode;
  return {
    // As pgBouncer: with TLS wherever the server has it.
    mode: mode === 'allow' ? 'prefer' : mode,
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
