import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestServer } from '../kit/index.ts';

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
