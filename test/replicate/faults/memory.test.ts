import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { anyMajor, expectSameRows, postgres, startSluice, waitFor } from '../../kit/index.ts';
import { bank } from './scene.ts';

// Megabytes of WAL; `SLUICE_TEST_LARGE_MB=2000` runs the promise's own size.
const megabytes = Number(process.env['SLUICE_TEST_LARGE_MB'] ?? 300);
const bound = 300;

const source = postgres(anyMajor, { max_wal_size: '4GB' }, { isLarge: megabytes > 1000 });
const target = postgres(anyMajor, { max_wal_size: '4GB' }, { isLarge: megabytes > 1000 });

/** Peak resident memory of a process, in MB. */
function peak(pid: number): number {
  const [, kB] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kB) / 1024;
}

describe('memory stays bounded', () => {
  test.skipIf(process.platform !== 'linux')(
    `a transaction of ${megabytes} MB within ${bound} MB`,
    async () => {
      const scene = await bank(source, target, { mayLeak: true });
      await scene.once();
      const sluice = startSluice(scene.args());
      await waitFor('the pipeline to follow', async () => (await scene.slot()).activePid !== null);
      // 1 kB that does not compress well, half of it updated within the same transaction.
      const rows = Math.round(megabytes * 650);
      const text = `(SELECT string_agg(md5((g * 31 + i)::text), '') FROM generate_series(1, 32) i)`;
      await scene.here.query(
        `BEGIN; INSERT INTO cards SELECT 1000000 + g, 1, ${text} FROM generate_series(1, ${rows}) g;
         UPDATE cards SET note = note || 'x' WHERE id > 1000000 AND id % 2 = 0; COMMIT`,
      );
      await scene.here.query(`INSERT INTO cards VALUES (999999, 1, 'behind it')`);
      await waitFor(
        'the transaction to arrive',
        async () => {
          if (!sluice.isRunning) throw new Error(`it ended: ${sluice.stderr}`);
          const found = await scene.there.rows('SELECT FROM cards WHERE id = 999999');
          return found.length === 1;
        },
        { timeoutMs: 60_000 + megabytes * 400, everyMs: 100 },
      );
      const peakMb = peak(sluice.pid);
      process.stderr.write(`peak of a ${megabytes} MB transaction: ${peakMb.toFixed(0)} MB\n`);
      await sluice.stop();
      await expectSameRows(scene.here, scene.there, ['cards']);
      expect(peakMb).toBeLessThan(bound);
    },
    120_000 + megabytes * 500,
  );
});
