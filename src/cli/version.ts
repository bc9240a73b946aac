import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Of the package, which is two folders up in the sources and in what is published. */
export function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}
