import { glob, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { formatNumber, type Result } from './bench.ts';

const resultSchema = z.object({
  name: z.string(),
  metric: z.string(),
  peer: z.string(),
  unit: z.string(),
  better: z.enum(['lower', 'higher']),
  ours: z.number(),
  theirs: z.number(),
  ratio: z.number(),
  runs: z.number(),
  goal: z.number().nullable(),
  samples: z.object({ ours: z.array(z.number()), theirs: z.array(z.number()) }),
  machine: z.record(z.string(), z.string()),
});

const fileSchema = resultSchema.extend({ also: z.array(resultSchema).default([]) });

/** One file a bench: the headline comparison's fields, the other comparisons under `also`. */
export async function writeResults(path: string, results: readonly Result[]): Promise<void> {
  const [headline, ...also] = results;
  const text = JSON.stringify({ ...headline, also });
  const style = await resolveConfig(fileURLToPath(import.meta.url));
  await writeFile(path, await format(text, { ...style, parser: 'json' }));
}

/** All comparisons of all files in a folder, by file name. */
export async function readResults(folder: URL): Promise<Map<string, Result[]>> {
  const results = new Map<string, Result[]>();
  const files: string[] = [];
  for await (const file of glob('*.json', { cwd: fileURLToPath(folder) })) files.push(file);
  for (const file of files.toSorted()) {
    const { also, ...headline } = fileSchema.parse(
      JSON.parse(await readFile(new URL(file, folder), 'utf8')),
    );
    results.set(file, [headline, ...also]);
  }
  return results;
}

/** Cells of the table that both the terminal and docs/performance.md show. */
export function tableOf(results: readonly Result[]): { head: string[]; rows: string[][] } {
  const head = ['bench', 'measured', 'ours', 'peer', "peer's", 'ratio', 'goal', 'runs'];
  const rows = results.map((result) => [
    result.name,
    `${result.metric} (${result.unit})`,
    formatNumber(result.ours),
    result.peer,
    formatNumber(result.theirs),
    `${result.ratio}x`,
    result.goal === null ? '' : `${result.goal}x`,
    String(result.runs),
  ]);
  return { head, rows };
}

/** A Markdown table with columns as wide as their widest cell. */
export function formatTable({ head, rows }: { head: string[]; rows: string[][] }): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
