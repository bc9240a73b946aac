import { describe, expect, test } from 'vitest';
import type { StopMode } from '../../../src/demo/index.ts';
import { armFailpoint } from '../../../src/service/index.ts';
import { anyMajor, expectSameRows, postgres, within } from '../../kit/index.ts';
import { bank, structure } from './scene.ts';
import { Writer } from './writer.ts';

const source = postgres(anyMajor);
const target = postgres(anyMajor);

const cases: [string, StopMode, { source?: true; target?: true }][] = [
  ['the source, fast', 'fast', { source: true }],
  ['the source, by a crash', 'immediate', { source: true }],
  ['the target, fast', 'fast', { target: true }],
  ['the target, by a crash', 'immediate', { target: true }],
  ['both, by a crash', 'immediate', { source: true, target: true }],
];

/** Both go down before any comes back. */
async function restart(mode: StopMode, which: { source?: true; target?: true }): Promise<void> {
  const servers = [...(which.source ? [source] : []), ...(which.target ? [target] : [])];
  await Promise.all(servers.map(({ local }) => local.stop(mode)));
  await Promise.all(servers.map(({ local }) => local.start()));
}

describe('a restart is survived by the running pipeline', () => {
  test.each(cases)('while following: %s', async (_title, mode, which) => {
    const scene = await bank(source, target);
    const pipeline = await scene.follow();
    const writer = Writer.start(scene.here);
    await writer.writes(20);
    await restart(mode, which);
    await writer.writes(20);
    await writer.stop();
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    await pipeline.stop();
  });

  test.each(cases)('while copying: %s', async (_title, mode, which) => {
    const scene = await bank(source, target);
    const before = await structure(scene.there);
    const writer = Writer.start(scene.here);
    const held = armFailpoint('copy.range.after-commit', 'hold', 2);
    const pipeline = scene.pipeline();
    pipeline.start();
    await within('the second range', held.reached);
    await restart(mode, which);
    held.release();
    await within('the pipeline to follow', pipeline.ready, 40_000);
    await writer.stop();
    await scene.arrives(pipeline);
    await expectSameRows(scene.here, scene.there);
    expect(await structure(scene.there)).toEqual(before);
    await pipeline.stop();
  });
});
