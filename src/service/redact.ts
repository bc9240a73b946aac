import { ServerError, SluiceError } from '../errors/index.ts';
import { sqlstateOf } from './decision.ts';

/** Text with the passwords of connection strings (URI and keyword/value) as `***` (P12). */
export function redactText(text: string): string {
  return text
    .replaceAll(/(\w+:\/\/[^\s:@/]*):[^\s@/]*@/g, '$1:***@')
    .replaceAll(
      /\b(password|passwd|sslpassword|secret|token)(\s*=\s*)('[^']*'|[^\s&'"]+)/gi,
      '$1$2***',
    );
}

/** An error as the log and `--json` show it: codes and objects, never detail, where or row values. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly decision?: string;
  readonly remedy?: string;
  readonly sqlstate?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  readonly stack?: string;
  readonly cause?: ErrorRecord;
  readonly errors?: readonly ErrorRecord[];
}

/** `depth` bounds chains of causes: deeper ones say nothing that the first five do not. */
export function recordError(error: unknown, withStack = false, depth = 5): ErrorRecord {
  if (!(error instanceof Error)) return { name: 'thrown', message: redactText(String(error)) };
  const deeper = (inner: unknown) => recordError(inner, withStack, depth - 1);
  return {
    name: error.name,
    message: redactText(messageOf(error)),
    ...codesOf(error),
    ...(withStack && error.stack !== undefined && { stack: framesOf(error.stack) }),
    ...(depth > 0 && error.cause !== undefined && { cause: deeper(error.cause) }),
    ...(depth > 0 && error instanceof AggregateError && { errors: error.errors.map(deeper) }),
  };
}

/**
 * Classes whose messages name objects and limits only. The others (data exceptions, errors raised by the user's
 * functions...) may quote row values, so their text stays with the caller.
 */
const quotingNoRows = /^(?:08|0A|25|26|28|2B|34|3B|3D|3F|23|40|42|53|54|55|57|58|72|F0)/;

function messageOf(error: Error): string {
  const sqlstate = sqlstateOf(error);
  if (sqlstate === undefined || quotingNoRows.test(sqlstate)) return error.message;
  return `the server answered ${sqlstate} (its text may quote row values and is not shown)`;
}

function codesOf(error: Error): Partial<ErrorRecord> {
  const sqlstate = sqlstateOf(error);
  if (error instanceof ServerError)
    return { code: error.code, ...objectsOf(sqlstate, error.fields) };
  if (error instanceof SluiceError) {
    return { code: error.code, decision: error.decision, remedy: redactText(error.remedy) };
  }
  if (sqlstate !== undefined) return objectsOf(sqlstate, error);
  return 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
}

function objectsOf(sqlstate: string | undefined, fields: object): Partial<ErrorRecord> {
  const named = new Map(Object.entries(fields));
  const objects = ['schema', 'table', 'column', 'constraint'] as const;
  const found = objects.flatMap((object) => {
    const value: unknown = named.get(object);
    return typeof value === 'string' ? [[object, value] as const] : [];
  });
  return { ...(sqlstate !== undefined && { sqlstate }), ...Object.fromEntries(found) };
}

/** The call frames without the first lines, which repeat the message unredacted. */
function framesOf(stack: string): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}
