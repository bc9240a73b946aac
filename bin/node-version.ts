import manifest from '../package.json' with { type: 'json' };

/** Ends the process with a sentence when Node is older than package.json asks for. */
export function checkNodeVersion(version = process.versions.node): void {
  const wanted = manifest.engines.node.replace('>=', '');
  if (isAtLeast(version, wanted)) return;
  console.error(
    `Node ${wanted} or newer is needed, this is ${version}. ` +
      'Run it through npm (npm test, npm run ...): the dev dependency `node` brings the right one.',
  );
  process.exit(2);
}

export function isAtLeast(version: string, wanted: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
