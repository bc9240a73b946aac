import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestServer } from '../kit/index.ts';
import { createAuthority } from './certificates.ts';

/** Writes files into a server's data directory, as the server's own user would. */
export async function writeServerFiles(
  server: TestServer,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const { dataDir } = server.local;
  const { uid, gid } = await stat(dataDir);
  for (const [name, content] of Object.entries(files)) {
    const path = join(dataDir, name);
    await writeFile(path, content, { mode: 0o600 });
    await chown(path, uid, gid);
  }
}

/** The server speaks TLS from now on, with a certificate that nobody vouches for. */
export async function speakTls(server: TestServer): Promise<void> {
  const { pem, keyPem } = createAuthority('test authority').issue('localhost', ['127.0.0.1']);
  await writeServerFiles(server, { 'server.crt': pem, 'server.key': keyPem });
  await server.query('ALTER SYSTEM SET ssl = on');
  await server.query('SELECT pg_reload_conf()');
}
