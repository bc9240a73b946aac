import { writeFile } from 'node:fs/promises';
import { describeCommands } from './docs/cli.ts';
import { describeConfiguration } from './docs/configuration.ts';
import { describeErrors } from './docs/errors.ts';
import { describeFindings } from './docs/findings.ts';
import { describePool } from './docs/pool.ts';

/** The pages that are made from the code, and what makes them. `test/docs` compares what is there with this. */
export const generatedPages: Readonly<Record<string, () => string>> = {
  'docs/reference/cli.md': describeCommands,
  'docs/reference/configuration.md': describeConfiguration,
  'docs/reference/errors.md': describeErrors,
  'docs/reference/findings.md': describeFindings,
  'docs/reference/pool.md': describePool,
};

if (import.meta.main) {
  for (const [path, make] of Object.entries(generatedPages)) {
    await writeFile(new URL(`../${path}`, import.meta.url), make());
    console.log(`wrote ${path}`);
  }
}
