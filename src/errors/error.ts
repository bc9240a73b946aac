import { registry, type ErrorCode, type ErrorDetails } from './registry.ts';
import type { Decision } from './spec.ts';

/**
 * What every room throws: a registered code, what failed on which object, and what to do about it.
 * Callers decide by `code` or `decision`, never by text. Never carries row values or secrets (P12).
 */
export class SluiceError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name: string = 'SluiceError';
  readonly code: C;
  readonly decision: Decision;
  /** What the person at the keyboard should do next, one sentence. */
  readonly remedy: string;
  readonly details: Readonly<Record<string, string | number | bigint>>;

  constructor(code: C, details: ErrorDetails<C>, options: { cause?: unknown } = {}) {
    const spec = registry[code];
    const message = fill(spec.message, details);
    // Behind a list the remedy is a line of its own.
    const separator = message.endsWith('\n') ? '' : '; ';
    super(`${code}: ${message}${separator}${fill(spec.remedy, details)}`, options);
    this.code = code;
    this.decision = spec.decision;
    this.remedy = fill(spec.remedy, details);
    this.details = details;
  }
}

/** True for a SluiceError, narrowed to one code when given. */
export function isSluiceError<C extends ErrorCode>(
  error: unknown,
  code?: C,
): error is SluiceError<C> {
  return error instanceof SluiceError && (code === undefined || error.code === code);
}

function fill(template: string, details: Record<string, string | number | bigint>): string {
  return template.replaceAll(/\{(\w+)\}/g, (hole, name: string) => String(details[name] ?? hole));
}
