import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** `npm test -- ARGS`: all tests once; ARGS go to vitest, so a path or `-t 'title'` narrows them. */
const vitest = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
);
// `native`: Node reads vitest.config.ts itself, so that nothing is written into node_modules.
const flags = ['run', '--configLoader', 'native'];
const { status } = spawnSync(process.execPath, [vitest, ...flags, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
