import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '../../kit/index.ts';
import { createAuthority } from '../../session/certificates.ts';

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
