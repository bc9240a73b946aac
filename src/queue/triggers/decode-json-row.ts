import { z } from 'zod';
import type { Row } from './row-change.ts';

const value = z.union([z.string(), z.number(), z.bigint(), z.boolean(), z.null()]);
const rowSchema = z.record(z.string(), value);

/**
 * Decode a row of jsontriga. Integers that a number cannot hold are bigint.
 *
 * @throws SyntaxError, ZodError
 */
export function decodeJsonRow(data: string): Row {
  return rowSchema.parse(JSON.parse(data, keepLargeIntegers));
}

/** A number's own text comes as the third argument, which the library's types do not know yet. */
function keepLargeIntegers(_key: string, parsed: unknown, context?: { source?: string }): unknown {
  if (typeof parsed !== 'number' || Number.isSafeInteger(parsed)) return parsed;
  return context?.source !== undefined && /^-?\d+$/.test(context.source)
    ? BigInt(context.source)
    : parsed;
}
