import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeServerFolder } from '../../src/demo/local-server-owner.ts';
import { startWatchdog } from '../../src/demo/local-server-watchdog.ts';
import { fastFolder } from './fast-folder.ts';

/**
 * Once per run: the folder in which one data directory per major is made and copied from, and in which Node keeps
 * what it has compiled. Several hundred processes of ours start from their TypeScript: that halves the time of each.
 */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const folder = await makeServerFolder('templates', await fastFolder());
  await chmod(folder, 0o755);
  const watchdog = startWatchdog(folder);
  const compiled = join(folder, 'compiled');
  await mkdir(compiled);
  await chmod(compiled, 0o777); // some tests are another user
  process.env['SLUICE_TEST_TEMPLATES'] = folder; // the test processes inherit both
  process.env['NODE_COMPILE_CACHE'] = compiled;
  return () => watchdog.release();
}
