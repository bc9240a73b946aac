import { z } from 'zod';
import { kindSchemas } from './config.ts';

/** Of a line of the manual, with the `# ` before it. */
const widest = 100;

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** A `[jobs.NAME]` section of a kind: what is required, and as comments the rest with its default. */
export function jobTemplate(kind: string): string {
  const schema = kindSchemas.find(({ shape }) => shape.kind.value === kind);
  if (schema === undefined) throw new TypeError(`no kind of job ${kind}`);
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const settings = Object.entries(json.properties ?? {}).flatMap(([key, value]) =>
    typeof value === 'object' && key !== 'kind' ? [{ key, value }] : [],
  );
  const required = settings.filter(({ key }) => json.required?.includes(key));
  const optional = settings.filter(({ key }) => json.required?.includes(key) !== true);
  return [
    ...comment(json.description ?? ''),
    `[jobs.${kind}_1]`,
    `kind = "${kind}"`,
    ...required.flatMap(({ key, value }) => [
      '',
      ...comment(value.description ?? ''),
      `${key} = ${example(value)}`,
    ]),
    ...optional.flatMap(({ key, value }) => [
      '',
      ...comment(value.description ?? ''),
      `# ${key} = ${value.default === undefined ? example(value) : JSON.stringify(value.default)}`,
    ]),
    '',
  ].join('\n');
}

/** Samples of lists are TOML already; those of texts are texts. */
function example(value: JsonSchema): string {
  const sample = value['sample'];
  if (typeof sample === 'string') return sample.startsWith('[') ? sample : JSON.stringify(sample);
  return value.type === 'integer' || value.type === 'number' ? '1' : '""';
}

function comment(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length < widest)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`# ${word}`);
  }
  return lines;
}
