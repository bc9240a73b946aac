import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../kit/index.ts';
import { createAuthority, type Certificate } from '../../session/certificates.ts';

/** Settings under which a pool speaks TLS to its clients. */
export async function clientTls(): Promise<Record<string, string>> {
  const folder = temporaryFolder();
  const certificate = createAuthority('test authority').issue('localhost', ['127.0.0.1']);
  const [file, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  await writeFile(file, certificate.pem);
  await writeFile(keyFile, certificate.keyPem, { mode: 0o600 });
  return {
    client_tls_sslmode: 'allow',
    client_tls_cert_file: file,
    client_tls_key_file: keyFile,
  };
}

/** ... and asks them for certificates of the authority that is given. */
export async function clientTlsWithAuthority(
  authority: Certificate,
): Promise<Record<string, string>> {
  const caFile = join(temporaryFolder(), 'ca.pem');
  await writeFile(caFile, authority.pem);
  return { ...(await clientTls()), client_tls_ca_file: caFile };
}
