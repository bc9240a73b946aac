import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { anyMajor, crashSluice, postgres } from '../../kit/index.ts';
import { whileFeeding } from '../feed/failpoints.ts';
import { bank, structure } from './scene.ts';
import { Writer } from './writer.ts';

// 64 kB makes the writer's larger transactions streamed, and so spilled, before they end.
const source = postgres(anyMajor, { logical_decoding_work_mem: '64kB' });
const target = postgres(anyMajor);

const whileCopying = [
  'replicate.slot.created',
  'copy.before-drop',
  'copy.after-drop',
  'copy.range.before-commit',
  'copy.range.after-commit',
  'copy.table.before-receipt',
  'copy.index.before-restore',
  'copy.index.before-commit',
  'copy.index.after-restore',
];
const whileFollowing = [
  'replicate.slot.before-start',
  'apply.before-begin',
  'apply.before-commit',
  'apply.after-commit',
  'spill.write',
];

describe('kill -9, twice, with the source being written to, and the pipeline ends exact', () => {
  test.each(whileCopying)('at %s', async (failpoint) => {
    const scene = await bank(source, target, { mayLeak: true });
    const before = await structure(scene.there);
    const writer = Writer.start(scene.here);
    await crashSluice(scene.args('--once'), failpoint);
    await crashSluice(scene.args('--once'), failpoint, {
      // Further on where that is possible: tables, ranges and indexes come one after the other.
      failpoints: {
        [failpoint]: /^copy\.(?:before|after|range)/.test(failpoint) ? 'kill@3' : 'kill',
      },
    });
    await writer.stop();
    await scene.settles();
    expect(await structure(scene.there)).toEqual(before);
  });

  test.each(whileFollowing)('at %s', async (failpoint) => {
    const scene = await bank(source, target, { mayLeak: true });
    await scene.once();
    const writer = Writer.start(scene.here);
    // Large enough to be spilled some times before it ends; the writer's own are not.
    await scene.here.query(
      `INSERT INTO moves SELECT g, g, repeat('l', 90) FROM generate_series(1, 15000) g`,
    );
    await crashSluice(scene.args(), failpoint, {
      failpoints: { [failpoint]: failpoint.startsWith('replicate') ? 'kill' : 'kill@3' },
    });
    await crashSluice(scene.args(), failpoint);
    await writer.stop();
    await scene.settles();
  });
});

test('no failpoint of the engine is left out', () => {
  const root = fileURLToPath(new URL('../../../src', import.meta.url));
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^(?:replicate|stream)\/.*\.ts$/.test(name))
    .flatMap((name) => [
      ...readFileSync(join(root, name), 'utf8').matchAll(/failpoint\('([^']+)'/g),
    ])
    .map((match) => match[1]);
  expect(new Set(names)).toEqual(new Set([...whileCopying, ...whileFollowing, ...whileFeeding]));
});
