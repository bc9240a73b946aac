import { parseArgs } from 'node:util';
import { writeDocs } from './docs.ts';
import { findBenches, loadBench, loadBenches } from './files.ts';
import { runBench } from './kit/bench.ts';
import { formatTable, tableOf, writeResults } from './kit/report.ts';

const usage = `npm run bench -- NAME... [--json FILE] [--runs N]   run benches, each with its peers
npm run bench -- --list                            what there is
npm run bench -- --docs                            make docs/performance.md from bench/results/`;

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      runs: { type: 'string' },
      list: { type: 'boolean' },
      docs: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const files = await findBenches();
  if (values.docs === true) {
    await writeDocs([...(await loadBenches()).values()]);
    return 0;
  }
  if (values.list === true || values.help === true || positionals.length === 0) {
    console.log(`${usage}\n\n${[...files.keys()].join('\n')}`);
    return values.list === true || values.help === true ? 0 : 2;
  }
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isInteger(runs) && runs > 0)) {
    console.error(`--runs wants a whole number above 0, got ${values.runs}`);
    return 2;
  }
  if (values.json !== undefined && positionals.length > 1) {
    console.error('--json takes the results of one bench: name one');
    return 2;
  }
  for (const name of positionals) {
    const file = files.get(name);
    if (file === undefined) {
      console.error(`no bench ${name}; there are: ${[...files.keys()].join(', ')}`);
      return 2;
    }
    const bench = await loadBench(file);
    const results = await runBench(bench, runs ?? bench.runs, (line) => console.error(line));
    console.log(formatTable(tableOf(results)));
    if (values.json !== undefined) await writeResults(values.json, results);
  }
  return 0;
}
