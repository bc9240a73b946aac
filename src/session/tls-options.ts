import { readdir, readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { getCACertificates, type ConnectionOptions, type SecureVersion } from 'node:tls';
import { SluiceError } from '../errors/index.ts';
import { verifyIdentity } from './server-identity.ts';
import type { TargetHost, TlsTarget } from './target/index.ts';

/**
 * What a target's ssl* keywords mean to Node. A root certificate that is there is always checked
 * against, as in libpq: sslmode=require with one is verify-ca.
 *
 * @throws SESSION_FILE, SESSION_KEY_OPEN, SESSION_ROOT_MISSING
 */
export async function buildTlsOptions(
  tls: TlsTarget,
  host: TargetHost,
): Promise<ConnectionOptions> {
  const ca = await readRoots(tls);
  const isVerified = ca !== null;
  if (!isVerified && (tls.mode === 'verify-ca' || tls.mode === 'verify-full')) {
    throw new SluiceError('SESSION_ROOT_MISSING', {
      mode: tls.mode,
      path: join(tls.folder, 'root.crt'),
    });
  }
  const crl = isVerified ? await readRevocations(tls) : [];
  return {
    ...(await readClientCertificate(tls)),
    ...(isVerified ? { ca } : {}),
    ...(crl.length > 0 ? { crl } : {}),
    ...(tls.maxVersion === null ? {} : { maxVersion: tls.maxVersion satisfies SecureVersion }),
    ...(tls.sendServerName && isName(host.host) ? { servername: host.host } : {}),
    minVersion: tls.minVersion,
    ALPNProtocols: ['postgresql'],
    rejectUnauthorized: isVerified,
    checkServerIdentity: (_, certificate) =>
      tls.mode === 'verify-full' ? verifyIdentity(host, certificate.raw) : undefined,
  };
}

/** The name sent in clear to a server with several names; never an address (RFC 6066, section 3). */
function isName(host: string): boolean {
  return host !== '' && isIP(host) === 0;
}

async function readRoots(tls: TlsTarget): Promise<string[] | null> {
  if (tls.rootCert === 'system') {
    const own = getCACertificates('system');
    return own.length > 0 ? own : getCACertificates('bundled');
  }
  if (tls.rootCert !== null) return [await readText('the root certificate', tls.rootCert)];
  const standard = await readIfThere('the root certificate', join(tls.folder, 'root.crt'));
  return standard === null ? null : [standard];
}

async function readRevocations(tls: TlsTarget): Promise<string[]> {
  const lists: string[] = [];
  if (tls.crl !== null) lists.push(await readText('the revocation list', tls.crl));
  if (tls.crlFolder !== null) {
    for (const name of await listFolder(tls.crlFolder)) {
      lists.push(await readText('the revocation list', join(tls.crlFolder, name)));
    }
  }
  if (tls.crl === null && tls.crlFolder === null) {
    const standard = await readIfThere('the revocation list', join(tls.folder, 'root.crl'));
    if (standard !== null) lists.push(standard);
  }
  return lists;
}

async function readClientCertificate(tls: TlsTarget): Promise<ConnectionOptions> {
  if (tls.certMode === 'disable') return {};
  const cert =
    tls.cert === null
      ? await readIfThere('the client certificate', join(tls.folder, 'postgresql.crt'))
      : await readText('the client certificate', tls.cert);
  if (cert === null) {
    if (tls.certMode === 'allow') return {};
    const path = join(tls.folder, 'postgresql.crt');
    throw new SluiceError('SESSION_FILE', { what: 'the client certificate', path });
  }
  const keyPath = tls.key ?? join(tls.folder, 'postgresql.key');
  const key = await readText('the client key', keyPath);
  await checkPrivate(keyPath);
  return {
    cert,
    key,
    ...(tls.keyPassword === null ? {} : { passphrase: tls.keyPassword.reveal() }),
  };
}

/** As libpq asks: ours and for us alone, or root's and readable by our group at most. */
async function checkPrivate(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode, uid } = await stat(path);
  const forbidden = uid === 0 && process.getuid?.() !== 0 ? 0o037 : 0o077;
  if ((mode & forbidden) !== 0) throw new SluiceError('SESSION_KEY_OPEN', { path });
}

async function readIfThere(what: string, path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && isAbsence(cause.code)) return null;
    throw new SluiceError('SESSION_FILE', { what, path }, { cause });
  }
}

function isAbsence(code: unknown): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function readText(what: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new SluiceError('SESSION_FILE', { what, path }, { cause });
  }
}

async function listFolder(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).toSorted();
  } catch (cause) {
    throw new SluiceError(
      'SESSION_FILE',
      { what: 'the folder of revocation lists', path },
      { cause },
    );
  }
}
