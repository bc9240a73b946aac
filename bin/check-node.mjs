// Loaded before the scripts of package.json. JavaScript, so that a Node too old for TypeScript gets to say it.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const wanted = engines.node.replace('>=', '');
const have = process.versions.node;

if (!isAtLeast(have, wanted)) {
  console.error(
    `Sluice needs Node ${wanted} or newer; this is ${have}. npm ci brings one for the npm scripts (the dev ` +
      'dependency `node`), unless install scripts are off: then install Node yourself.',
  );
  process.exit(2);
}

function isAtLeast(version, least) {
  const [major, minor] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = least.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
