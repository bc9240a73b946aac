import { chmod } from 'node:fs/promises';
import { makeServerFolder } from '../../src/demo/local-server-owner.ts';
import { startWatchdog } from '../../src/demo/local-server-watchdog.ts';
import { fastFolder } from './fast-folder.ts';

/** Once per run: the folder in which one data directory per major is made and copied from. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const folder = await makeServerFolder('templates', await fastFolder());
  await chmod(folder, 0o755);
  const watchdog = startWatchdog(folder);
  process.env['SLUICE_TEST_TEMPLATES'] = folder; // the test processes inherit it
  return () => watchdog.release();
}
