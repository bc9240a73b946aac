import { spawnSync } from 'node:child_process';
import { chmod, copyFile, glob, mkdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** `npm run build`: dist/, as it is published. */
const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
process.exitCode = await build();

async function build(): Promise<number> {
  await rm(dist, { recursive: true, force: true });
  if (!compile()) return 1;
  await copySql();
  await makeExecutable(join(dist, 'cli', 'main.js'));
  return (await checkPackage()) ? 0 : 1;
}

function compile(): boolean {
  const tsc = join(
    dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
    'bin/tsc',
  );
  const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
    stdio: 'inherit',
  });
  return status === 0;
}

/** SQL stands in files beside the code that runs it; the compiler leaves them behind. */
async function copySql(): Promise<void> {
  const source = join(root, 'src');
  for await (const file of glob('**/*.sql', { cwd: source })) {
    const place = join(dist, file);
    await mkdir(dirname(place), { recursive: true });
    await copyFile(join(source, file), place);
  }
}

async function makeExecutable(main: string): Promise<void> {
  if (!(await readFile(main, 'utf8')).startsWith('#!/usr/bin/env node\n')) {
    throw new Error('src/cli/main.ts must start with #!/usr/bin/env node, or npm cannot run it');
  }
  await chmod(main, 0o755);
}

async function checkPackage(): Promise<boolean> {
  const { messages, pkg } = await publint({ pkgDir: root, strict: true });
  for (const message of messages) console.error(`publint: ${formatMessage(message, pkg)}`);
  return messages.length === 0;
}
