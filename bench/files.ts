import { glob } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from './kit/bench.ts';

/** File URLs by name, which is the file's: `bench/replicate/copy.bench.ts` is `copy`. */
export async function findBenches(): Promise<Map<string, string>> {
  const folder = new URL('.', import.meta.url);
  const files: string[] = [];
  for await (const file of glob('**/*.bench.ts', { cwd: fileURLToPath(folder) })) files.push(file);
  return new Map(
    files.toSorted().map((file) => [basename(file, '.bench.ts'), new URL(file, folder).href]),
  );
}

export async function loadBench(file: string): Promise<Bench> {
  const loaded: { default: Bench } = await import(file);
  return loaded.default;
}

export async function loadBenches(): Promise<Map<string, Bench>> {
  const benches = new Map<string, Bench>();
  for (const [name, file] of await findBenches()) benches.set(name, await loadBench(file));
  return benches;
}
