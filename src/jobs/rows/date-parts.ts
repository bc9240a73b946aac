import { SluiceError } from '../../errors/index.ts';

/** As in names of tables: `2026`, `11`, `21`, `08`. */
export interface DateParts {
  readonly year: string;
  readonly month: string;
  readonly day: string;
  readonly hour: string;
}

/** Of a moment, in UTC. */
export function partsOfTime(time: Date): DateParts {
  return partsOfText(time.toISOString(), 'time');
}

/** Of a date or time as PostgreSQL or JSON writes it. @throws JOBS_NO_DATE */
export function partsOfText(text: unknown, column: string): DateParts {
  const [, year, month, day, hour = '00'] =
    /^(\d{4,})-(\d\d)-(\d\d)(?:[ T](\d\d))?/.exec(typeof text === 'string' ? text : '') ?? [];
  if (year === undefined || month === undefined || day === undefined) {
    throw new SluiceError('JOBS_NO_DATE', { column });
  }
  return { year, month, day, hour };
}
