import { z } from 'zod';
import { nearestName } from '../service/index.ts';
import type { KeyPath } from './toml-lines.ts';

/** Something wrong at a key of the config file. */
export interface ConfigProblem {
  readonly path: KeyPath;
  readonly text: string;
}

/** What a schema refused, each as one problem that says expected and got, never a secret. */
export function findProblems(
  schema: z.ZodType,
  error: z.ZodError,
  input: unknown,
): ConfigProblem[] {
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return error.issues.flatMap((issue) => describeIssue(issue, shape, input));
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

function describeIssue(
  issue: z.core.$ZodIssue,
  shape: JsonSchema,
  input: unknown,
): ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = Object.keys(schemaAt(shape, path, input)?.properties ?? {});
      return issue.keys.map((key) => ({ path: [...path, key], text: unknownKey(key, known) }));
    }
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ path, text: message }));
    case 'custom':
    case 'invalid_union':
      return [{ path, text: issue.message }];
    default:
      return [{ path, text: expectedAndGot(schemaAt(shape, path, input), path, input) }];
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  if (nearest !== undefined) return `unknown key; did you mean ${nearest}?`;
  return known.length > 0 ? `unknown key; there are ${known.join(', ')}` : 'unknown key';
}

function expectedAndGot(schema: JsonSchema | undefined, path: KeyPath, input: unknown): string {
  const got = valueAt(input, path);
  const expected = describeExpected(schema);
  if (got === undefined) return `is required: ${expected}`;
  return `expected ${expected}, got ${mayBeSecret(path) ? '***' : JSON.stringify(got)}`;
}

function mayBeSecret([section]: KeyPath): boolean {
  return section === 'databases' || section === 'sinks';
}

/** `integer 1..64`, `one of "off", "on"`, `array of string`: also the type column of the reference page. */
export function describeExpected(schema: JsonSchema | undefined): string {
  if (schema === undefined) return 'another value';
  if (typeof schema['expected'] === 'string') return schema['expected'];
  if (schema['kind'] === 'size') return 'size ("64MB", "20GB")';
  if (schema['kind'] === 'duration') return 'duration ("30s", "5min")';
  if (schema.enum !== undefined) {
    return `one of ${schema.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  }
  if (schema.type === 'array' && typeof schema.items === 'object' && !Array.isArray(schema.items)) {
    return `array of ${describeExpected(schema.items)}`;
  }
  const type = schema.type === undefined ? 'value' : String(schema.type);
  if (type === 'object') return 'table';
  if (type === 'string') return (schema.minLength ?? 0) > 0 ? 'non-empty string' : 'string';
  return `${type}${describeBounds(schema)}`;
}

function describeBounds({ minimum, maximum }: JsonSchema): string {
  const least = isPractical(minimum) ? minimum : undefined;
  const most = isPractical(maximum) ? maximum : undefined;
  if (least === undefined && most === undefined) return '';
  if (most === undefined) return ` of at least ${least}`;
  return least === undefined ? ` of at most ${most}` : ` ${least}..${most}`;
}

function isPractical(bound: number | undefined): bound is number {
  return bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
}

function schemaAt(schema: JsonSchema, path: KeyPath, input: unknown): JsonSchema | undefined {
  let current: JsonSchema | undefined = schema;
  for (const [index, part] of path.entries()) {
    const next: unknown =
      typeof part === 'number'
        ? current?.items
        : (current?.properties?.[part] ?? current?.additionalProperties);
    current = isSchema(next)
      ? variantOf(next, valueAt(input, path.slice(0, index + 1)))
      : undefined;
  }
  return current;
}

/** Of a table of several kinds, the kind that it says it is. */
function variantOf(schema: JsonSchema, value: unknown): JsonSchema {
  const kind = valueAt(value, ['kind']);
  const variants = (schema.oneOf ?? []).filter(isSchema);
  return variants.find((variant) => kindOf(variant) === kind) ?? schema;
}

function kindOf({ properties }: JsonSchema): unknown {
  const kind = properties?.['kind'];
  return isSchema(kind) ? kind.const : undefined;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(input: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null
        ? new Map<string, unknown>(Object.entries(value)).get(String(part))
        : undefined,
    input,
  );
}
