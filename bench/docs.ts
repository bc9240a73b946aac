import { writeFile } from 'node:fs/promises';
import { formatPage } from './kit/format-page.ts';
import type { Bench } from './kit/bench.ts';
import { formatTable, readResults, tableOf } from './kit/report.ts';

const resultsFolder = new URL('results/', import.meta.url);
const page = new URL('../docs/performance.md', import.meta.url);

/** Make docs/performance.md from bench/results/*.json. */
export async function writeDocs(benches: readonly Bench[]): Promise<void> {
  await writeFile(page, await performancePage(benches));
}

/** The page's text; a test compares it with the file. */
export async function performancePage(benches: readonly Bench[]): Promise<string> {
  const sections: string[] = [];
  for (const [file, results] of await readResults(resultsFolder)) {
    const [headline] = results;
    const bench = benches.find(({ name }) => name === headline?.name);
    if (headline === undefined || bench === undefined) continue;
    const machine = Object.entries(headline.machine).map(([key, value]) => `${key} ${value}`);
    sections.push(
      `## ${bench.name}`,
      bench.about,
      formatTable(tableOf(results)),
      `Measured on: ${machine.join('; ')}. [Every run](../bench/results/${file}); again with ` +
        `\`npm run bench -- ${bench.name}\`.`,
    );
  }
  return formatPage('docs/performance.md', [intro, ...sections].join('\n\n'));
}

const intro = `<!-- Made by \`npm run bench -- --docs\` from bench/results/; edit those, not this. -->

# Performance

For people who want to know how fast Sluice is, and how that was found out. Each figure is the median of
its runs, with the peer measured in the same runs on the same servers. A ratio above 1 means that Sluice
is better. Absolute figures belong to the machine; the ratio is the claim.`;
