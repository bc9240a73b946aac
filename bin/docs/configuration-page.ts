import { z } from 'zod';
import { configSchema } from '../../src/daemon/index.ts';
import { formatByteSize } from '../../src/service/index.ts';

/** What zod's JSON schema of a setting or section holds that the page shows. */
interface Node {
  readonly description?: string | undefined;
  readonly why?: string | undefined;
  readonly sample?: string | undefined;
  readonly kind?: string | undefined;
  readonly type?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly items?: Node | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: unknown;
}

const nodeSchema: z.ZodType<Node> = z.looseObject({
  description: z.string().optional(),
  why: z.string().optional(),
  sample: z.string().optional(),
  kind: z.string().optional(),
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  get items() {
    return nodeSchema.optional();
  },
  get properties() {
    return z.record(z.string(), nodeSchema).optional();
  },
  required: z.array(z.string()).optional(),
});

/** Defaults are read off a parsed file, so that they are the ones that hold. */
const parsed: unknown = configSchema.parse({
  replicate: { NAME: { source: 'source', target: 'target' } },
});

/** docs/reference/configuration.md, from the schema that checks sluice.toml. */
export function configurationPage(): string {
  const root = nodeSchema.parse(
    z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }),
  );
  const sections = Object.entries(root.properties ?? {}).map(([name, node]) => section(name, node));
  return `<!-- Made by \`npm run docs\` from the schemas in src/; edit those, not this. -->

# Configuration

For people who write a \`sluice.toml\`. Every section is optional; unknown keys are refused with the nearest
known one. \`sluice check\` reads the file, checks everything in it and changes nothing. A change takes effect
when Sluice is started again.

\`\`\`toml
[databases]
shop  = "postgres://sluice@10.0.0.5/shop"
shop2 = { url_env = "SHOP2_URL" }

[replicate.shop_to_shop2]
source = "shop"
target = "shop2"
tables = ["public.*", "!public.audit_*"]
\`\`\`

${sections.join('\n\n')}
`;
}

function section(name: string, node: Node): string {
  const named = nodeSchema.safeParse(node.additionalProperties).data;
  const isNamed = node.properties === undefined && named?.properties !== undefined;
  const title = isNamed ? `[${name}.NAME]` : `[${name}]`;
  const settings = isNamed ? named : node;
  const path = isNamed ? [name, 'NAME'] : [name];
  const rows = Object.entries(settings.properties ?? {}).map(([key, value]) =>
    setting(key, value, { isRequired: settings.required?.includes(key) === true, path }),
  );
  return [`## \`${title}\``, node.description ?? '', ...rows].join('\n\n');
}

function setting(
  key: string,
  node: Node,
  { isRequired, path }: { isRequired: boolean; path: readonly string[] },
): string {
  const fallback = isRequired ? undefined : defaultOf([...path, key], node);
  const why = node.why === undefined ? '' : ` (${node.why})`;
  const facts = [
    `- Takes: ${typeOf(node)}.`,
    isRequired ? '- Required.' : `- Default: ${fallback ?? 'none'}${why}.`,
    ...(node.sample === undefined ? [] : [`- Example: \`${key} = ${sampleOf(node)}\``]),
  ];
  return `### \`${key}\`\n\n${node.description ?? ''}\n\n${facts.join('\n')}`;
}

function typeOf(node: Node): string {
  if (node.kind === 'size') return 'a size with its unit, such as `"64MB"` or `"20GB"`';
  if (node.enum !== undefined) return node.enum.map((value) => `\`"${String(value)}"\``).join(', ');
  if (node.type === 'array') return 'a list of strings';
  if (node.type === 'integer') return `a whole number${rangeOf(node)}`;
  return node.type === 'boolean' ? '`true` or `false`' : `a ${node.type ?? 'value'}`;
}

function rangeOf({ minimum, maximum }: Node): string {
  if (minimum === undefined || maximum === undefined) return '';
  return ` from ${minimum} to ${maximum}`;
}

function sampleOf(node: Node): string {
  const sample = node.sample ?? '';
  return sample.startsWith('[') || node.type === 'integer' ? sample : `"${sample}"`;
}

function defaultOf(path: readonly string[], node: Node): string | undefined {
  let value: unknown = parsed;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  if (value === undefined) return undefined;
  const shown = node.kind === 'size' && typeof value === 'number' ? formatByteSize(value) : value;
  return `\`${JSON.stringify(shown)}\``;
}
