import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };

const check = fileURLToPath(new URL('../../bin/check-node.mjs', import.meta.url));

test.each([
  ['20.20.2', 2],
  ['24.9.9', 2],
  ['24.19.0', 0],
  ['26.0.0', 0],
])('on Node %s a script ends with %i', (version, exitCode) => {
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`;
  const preload = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`];
  const { status, stderr } = spawnSync(
    process.execPath,
    [...preload, '--import', check, '-e', '0'],
    {
      encoding: 'utf8',
    },
  );
  expect(status).toBe(exitCode);
  if (exitCode !== 0) expect(stderr).toContain(`this is ${version}`);
});

test('every npm script that runs our sources checks first', () => {
  const ours = Object.values(manifest.scripts).filter((script) => script.includes('.ts'));
  expect(ours.length).toBeGreaterThan(0);
  for (const script of ours)
    expect(script).toMatch(/^(?:exec )?node --import \.\/bin\/check-node\.mjs \S+\.ts/);
});
