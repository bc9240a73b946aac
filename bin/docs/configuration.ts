import { z } from 'zod';
import { configSchema, describeExpected } from '../../src/daemon/index.ts';
import { generatedNotice, joinBlocks } from './markdown.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

export function describeConfiguration(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
  return joinBlocks([
    generatedNotice("the rooms' config.ts"),
    '# Configuration: sluice.toml',
    'For who runs Sluice from a file. Every section is optional. Unknown keys are refused, with the nearest known one; ' +
      'all problems of a file are reported together, each with its line, and nothing starts. All settings take effect ' +
      'when the process starts.',
    'The file is `sluice.toml` in the current folder, or the one named by `--config` or the environment variable ' +
      '`SLUICE_CONFIG`. `sluice check` checks it and everything it names, and changes nothing.',
    example,
    ...Object.entries(schema.properties ?? {}).map(([name, section]) =>
      typeof section === 'object' ? describeSection(name, section) : '',
    ),
  ]);
}

const example = `\`\`\`toml
[databases]
shop  = { url_env = "SHOP_URL" }
shop2 = { url_file = "/run/secrets/shop2.url" }

[service]
status_listen = "127.0.0.1:9480"

[replicate.shop_to_shop2]
source = "shop"
target = "shop2"
tables = ["public.*", "!public.audit_*"]
\`\`\``;

/** A table of settings, or of named tables of settings when its keys are the user's own; tables in it follow it. */
function describeSection(name: string, section: JsonSchema): string {
  const named = isObject(section.additionalProperties) ? section.additionalProperties : undefined;
  if (named?.oneOf !== undefined) return describeKinds(`${name}.NAME`, section, named.oneOf);
  const properties = Object.entries(section.properties ?? named?.properties ?? {}).flatMap(
    ([key, setting]) => (isObject(setting) ? [{ key, setting }] : []),
  );
  const title = section.properties === undefined && properties.length > 0 ? `${name}.NAME` : name;
  return joinBlocks([
    `## [${title}]`,
    section.description ?? '',
    ...properties
      .filter(({ setting }) => setting.type !== 'object')
      .map(({ key, setting }) => describeSetting(key, setting, isRequired(section, named, key))),
    ...properties
      .filter(({ setting }) => setting.type === 'object')
      .map(({ key, setting }) => describeSection(`${title}.${key}`, setting)),
  ]).trimEnd();
}

/** Named tables of several kinds: what all have, then what each has besides. */
function describeKinds(
  title: string,
  section: JsonSchema,
  oneOf: readonly (JsonSchema | boolean)[],
): string {
  const kinds = oneOf.filter(isObject);
  const [first] = kinds;
  const common = Object.entries(first?.properties ?? {}).filter(
    ([key, setting]) =>
      key !== 'kind' && isObject(setting) && kinds.every((kind) => describes(kind, key, setting)),
  );
  const commonKeys = ['kind', ...common.map(([key]) => key)];
  return joinBlocks([
    `## [${title}]`,
    section.description ?? '',
    `### kind`,
    `What the job does. It is required: ${kinds.map((kind) => `\`"${kindOf(kind)}"\``).join(', ')}.`,
    ...common.map(([key, setting]) =>
      isObject(setting)
        ? describeSetting(key, setting, isRequired(first ?? {}, undefined, key))
        : '',
    ),
    ...kinds.map((kind) =>
      joinBlocks([
        `## [${title}] kind = "${kindOf(kind)}"`,
        kind.description ?? '',
        ...Object.entries(kind.properties ?? {}).flatMap(([key, setting]) =>
          isObject(setting) && !commonKeys.includes(key)
            ? [describeSetting(key, setting, isRequired(kind, undefined, key))]
            : [],
        ),
      ]).trimEnd(),
    ),
  ]).trimEnd();
}

function describes(kind: JsonSchema, key: string, setting: JsonSchema): boolean {
  const own = kind.properties?.[key];
  return isObject(own) && own.description === setting.description;
}

function kindOf({ properties }: JsonSchema): string {
  const kind = properties?.['kind'];
  return isObject(kind) ? String(kind.const) : '';
}

function describeSetting(key: string, setting: JsonSchema, required: boolean): string {
  const facts = [
    `- Type: ${describeExpected(setting)}`,
    `- Default: ${required ? 'none, it is required' : describeDefault(setting)}`,
    typeof setting['sample'] === 'string'
      ? `- Example: \`${key} = ${sample(setting['sample'])}\``
      : '',
  ];
  return joinBlocks([
    `### ${key}`,
    setting.description ?? '',
    facts.filter((fact) => fact !== '').join('\n'),
  ]).trimEnd();
}

function describeDefault(setting: JsonSchema): string {
  const value =
    setting.default === undefined ? 'not set' : `\`${JSON.stringify(setting.default)}\``;
  return typeof setting['why'] === 'string' ? `${value}; ${setting['why']}` : value;
}

function isRequired(section: JsonSchema, named: JsonSchema | undefined, key: string): boolean {
  return (section.required ?? named?.required ?? []).includes(key);
}

function sample(text: string): string {
  return /^[[{]/.test(text) ? text : JSON.stringify(text);
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
