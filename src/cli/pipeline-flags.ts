import { Option, type Command } from 'commander';
import { z } from 'zod';
import { describeExpected, findProblems } from '../daemon/index.ts';
import { SluiceError } from '../errors/index.ts';
import { pipelineSchema, type PipelineConfig } from '../replicate/index.ts';
import { readList, readText } from './flag-values.ts';

/** As commander parsed them; which flags there are is the schema's matter. */
export type Flags = Readonly<Record<string, unknown>>;

/** Where a pipeline is has flags of its own; a sink is in the config file. */
const places = new Set(['source', 'target', 'positions']);

const shape = z.toJSONSchema(pipelineSchema, { io: 'input', unrepresentable: 'any' });
const settings = Object.entries(shape.properties ?? {})
  .filter(([key]) => !places.has(key))
  .map(([key, value]) => ({ key, schema: typeof value === 'object' ? value : {} }));

/** Where a pipeline is: in the config file, or given with flags. */
export function addPlaceFlags(command: Command): Command {
  return command
    .option('--config <file>', 'the config file (default: $SLUICE_CONFIG, else sluice.toml)')
    .option(
      '--source <url>',
      'the database to copy and follow: a connection string or a name of [databases]',
      readText,
    )
    .option('--target <url>', 'the database it arrives in: the same', readText)
    .option(
      '--name <name>',
      'names the pipeline (default: from the names of the databases)',
      readText,
    );
}

/** A flag for each setting of `[replicate.NAME]`, told the same way: `copy_jobs` is `--copy-jobs`. */
export function addSettingFlags(command: Command, keys?: readonly string[]): Command {
  for (const { key, schema } of settings) {
    if (keys !== undefined && !keys.includes(key)) continue;
    command.addOption(settingOption(key, schema));
  }
  return command;
}

/** The settings that were given as flags, over those of the config file when there is one. */
export function readSettings(
  flags: Flags,
  base: PipelineConfig | undefined,
  command: string,
): Omit<PipelineConfig, 'source' | 'target'> {
  const given = Object.fromEntries(
    settings.flatMap(({ key, schema }) => {
      const value = flags[camelCase(key)];
      return value === undefined ? [] : [[key, fromFlag(value, schema)] as const];
    }),
  );
  // Source and target are other flags' matter; the schema wants two names that differ.
  const input = { source: 'source', target: 'target', ...given };
  const checked = pipelineSchema.safeParse(input);
  if (!checked.success) throw wrongFlags(checked.error, input, command);
  const kept =
    base === undefined ? checked.data : { ...base, ...pick(checked.data, Object.keys(given)) };
  const { source: _source, target: _target, ...rest } = kept;
  return rest;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

function settingOption(key: string, schema: JsonSchema): Option {
  const isList = schema.type === 'array';
  const value = isList ? '<list>' : `<${schema.enum === undefined ? typeName(schema) : 'choice'}>`;
  const preset = schema.default === undefined ? '' : `, default ${shownDefault(schema.default)}`;
  const effect = (schema.description ?? '').replaceAll('`', '');
  const option = new Option(
    `--${kebabCase(key)} ${value}`,
    `${effect} (${isList ? 'comma-separated, repeatable' : describeExpected(schema)}${preset})`,
  );
  return isList ? option.argParser(readList) : option;
}

/** Text as the schema wants it; what is no such value stays text, for the schema to refuse. */
function fromFlag(value: unknown, schema: JsonSchema): unknown {
  if (schema.type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  return isNumber &&
    typeof value === 'string' &&
    value.trim() !== '' &&
    !Number.isNaN(Number(value))
    ? Number(value)
    : value;
}

function wrongFlags(error: z.ZodError, input: unknown, command: string): SluiceError {
  const problem = findProblems(pipelineSchema, error, input)
    .map(({ path, text }) => `--${kebabCase(String(path[0]))}: ${text}`)
    .join('; ');
  return new SluiceError('COMMAND_USAGE', { problem, command }, { cause: error });
}

function pick(config: PipelineConfig, keys: readonly string[]): Partial<PipelineConfig> {
  return Object.fromEntries(Object.entries(config).filter(([key]) => keys.includes(key)));
}

function typeName(schema: JsonSchema): string {
  if (schema['kind'] === 'size') return 'size';
  if (schema.type === 'boolean') return 'true|false';
  return schema.type === 'integer' ? 'n' : 'text';
}

function shownDefault(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

function kebabCase(key: string): string {
  return key.replaceAll('_', '-');
}

function camelCase(key: string): string {
  return key.replaceAll(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
