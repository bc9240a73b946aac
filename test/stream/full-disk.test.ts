import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { DurableLog } from '../../src/stream/index.ts';
import { temporaryFolder } from '../kit/index.ts';

const outcome = z.object({
  logged: z.number(),
  usedBytes: z.number(),
  spilled: z.number(),
  read: z.number(),
});

test('on a disk that fills up, what was taken is on it, and nothing else', async () => {
  const directory = temporaryFolder();
  const script = join(import.meta.dirname, 'write-until-full.ts');
  // In blocks of 512 or 1024 bytes, by shell: several records, and not a whole number of them.
  const limited = `ulimit -f 17; exec "$0" "$@"`;
  const { stdout } = await promisify(execFile)('sh', [
    '-c',
    limited,
    process.execPath,
    script,
    directory,
  ]);
  const { logged, usedBytes, spilled, read } = outcome.parse(JSON.parse(stdout));
  expect(logged).toBeGreaterThan(2);
  expect(read).toBe(spilled);
  const [file] = readdirSync(join(directory, 'log')).filter((name) => name.endsWith('.log'));
  expect(statSync(join(directory, 'log', file!)).size).toBe(usedBytes);
  const log = await DurableLog.open(join(directory, 'log'), usedBytes);
  for await (const run of log.recover()) expect(run.end).toBe(usedBytes);
  expect(log.endLsn).toBe(BigInt(logged) * 100n);
  await log.close();
});
