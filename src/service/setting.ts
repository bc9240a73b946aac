import { z } from 'zod';

/** What the reference page says about a setting; `docs/reference/configuration.md` is made from it. */
export interface SettingNotes {
  /** What it does, and with which other settings it interacts. One or two sentences. */
  readonly effect: string;
  /** Why the default is what it is; for required settings, nothing. */
  readonly why?: string;
  /** What to write, when it is not plain from the type. */
  readonly example?: string;
}

/**
 * One setting of a section: a zod schema with what its documentation needs. Call it last, after `.default()`.
 *
 *     copy_jobs: setting(z.int().min(1).max(64).default(4), { effect: 'Tables copied at once...', why: '...' })
 */
export function setting<S extends z.ZodType>(schema: S, notes: SettingNotes): S {
  return schema.meta({ description: notes.effect, why: notes.why, sample: notes.example });
}

/** `64MB`, `20GB`: a number and its unit, since a bare number would leave it open. Comes out as bytes. */
export function byteSize(range: { minBytes?: number; maxBytes?: number } = {}) {
  const { minBytes = 0, maxBytes = Number.MAX_SAFE_INTEGER } = range;
  return z
    .string()
    .transform((text, context) => {
      const bytes = parseByteSize(text);
      if (bytes !== undefined && bytes >= minBytes && bytes <= maxBytes) return bytes;
      const wanted = `a size such as "64MB" or "20GB"${describeRange(minBytes, maxBytes)}`;
      context.addIssue({ code: 'custom', message: `expected ${wanted}, got "${text}"` });
      return z.NEVER;
    })
    .meta({ kind: 'size' });
}

const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
};

/** Units are 1024 apart, as in postgresql.conf. Undefined when it is not a size. */
export function parseByteSize(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]?B)$/i.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  return Math.round(Number(digits) * (byteUnits[unit.toUpperCase()] ?? Number.NaN));
}

/** The size as a person writes it, in the largest unit that keeps one digit before the point. */
export function formatByteSize(bytes: number): string {
  const [unit, factor] =
    Object.entries(byteUnits).findLast(([, size]) => Math.abs(bytes) >= size) ??
    (['B', 1] as const);
  const amount = bytes / factor;
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} ${unit}`;
}

/**
 * `500ms`, `30s`, `5min`, `2h`, `1d`: the units of postgresql.conf. Comes out as seconds, fractions of them for
 * milliseconds.
 */
export function duration() {
  return z
    .string()
    .transform((text, context) => {
      const seconds = parseDuration(text);
      if (seconds !== undefined) return seconds;
      const message = `expected a duration such as "30s" or "5min", got "${text}"`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .meta({ kind: 'duration' });
}

const durationUnits: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  min: 60,
  h: 3600,
  d: 86_400,
};

/** Seconds. Undefined when it is not a duration. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)$/.exec(text.trim()) ?? [];
  if (digits === undefined || unit === undefined) return undefined;
  // Divided, not times 0.001: 1.1 ms is to be 0.0011 s, the number nearest to what was written.
  if (unit === 'ms') return Number(digits) / 1000;
  return Number(digits) * (durationUnits[unit] ?? Number.NaN);
}

/** As `parseDuration` reads it back, in the largest unit that takes a whole number. */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return '0s';
  const fits = Object.entries(durationUnits).findLast(
    ([unit, size]) => unit !== 'ms' && Number.isInteger(seconds / size),
  );
  if (fits !== undefined) return `${seconds / fits[1]}${fits[0]}`;
  const ms = seconds * 1000;
  return Number.isInteger(ms) ? `${ms}ms` : `${seconds}s`;
}

function describeRange(minBytes: number, maxBytes: number): string {
  if (minBytes === 0 && maxBytes === Number.MAX_SAFE_INTEGER) return '';
  if (maxBytes === Number.MAX_SAFE_INTEGER) return `, at least ${formatByteSize(minBytes)}`;
  return ` between ${formatByteSize(minBytes)} and ${formatByteSize(maxBytes)}`;
}
