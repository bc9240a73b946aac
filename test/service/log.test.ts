import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ServerError, SluiceError } from '../../src/errors/index.ts';
import { createLog, recordError, redactText, type LogOptions } from '../../src/service/index.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void, options: LogOptions = {}) {
  const lines: string[] = [];
  write(createLog({ ...options, write: (line) => lines.push(line) }));
  return { text: lines.join(''), records: lines.map((line) => JSON.parse(line) as unknown) };
}

const rowValue = 'alice@example.org';
const duplicate = new ServerError({
  severity: 'ERROR',
  sqlstate: '23505',
  message: 'duplicate key value violates unique constraint "customers_email_key"',
  detail: `Key (email)=(${rowValue}) already exists.`,
  where: `COPY customers, line 1: "${rowValue}"`,
  schema: 'shop',
  table: 'customers',
  constraint: 'customers_email_key',
});

describe('secrets', () => {
  test.each([
    ['postgres://app:s3cret@db/shop', 'postgres://app:***@db/shop'],
    ['postgresql://app:s%3Aret@h1,h2/shop?x=1', 'postgresql://app:***@h1,h2/shop?x=1'],
    ["host=db password='s3 cret' dbname=shop", 'host=db password=*** dbname=shop'],
    ['host=db password=s3cret', 'host=db password=***'],
    ['postgres://db/shop?password=s3cret&x=1', 'postgres://db/shop?password=***&x=1'],
  ])('%s', (text, redacted) => {
    expect(redactText(text)).toBe(redacted);
  });

  test('are hidden in messages, in fields and in fields of fields', () => {
    const { text } = logged((log) => {
      log.info('at postgres://a:s3cret@h/d', {
        source: 'postgres://a:s3cret@h/d',
        options: { list: ['password=s3cret'], accessToken: 's3cret' },
        error: new Error('connect to postgres://a:s3cret@h/d failed'),
      });
      log.child({ target: 'postgres://a:s3cret@h/d' }).warn('here');
    });
    expect(text).not.toContain('s3cret');
    expect(text).toContain('***');
  });
});

function loggedError(error: Error, options: LogOptions = {}): string {
  return logged((log) => log.error('failed', { error }), options).text;
}

describe('errors', () => {
  test("a server's error is written as codes and objects, without its row values", () => {
    const { text, records } = logged((log) => log.error('the batch failed', { error: duplicate }));
    expect(text).not.toContain(rowValue);
    expect(records).toMatchObject([
      {
        level: 'error',
        msg: 'the batch failed',
        error: {
          code: 'SERVER_ERROR',
          sqlstate: '23505',
          schema: 'shop',
          table: 'customers',
          constraint: 'customers_email_key',
        },
      },
    ]);
  });

  test('messages of classes that quote values are withheld, also as a cause', () => {
    const quoting = new ServerError({
      severity: 'ERROR',
      sqlstate: '22P02',
      message: `invalid input syntax for type integer: "${rowValue}"`,
    });
    const outer = new SluiceError('SERVICE_FAILPOINT', { failpoint: 'x' }, { cause: quoting });
    const { text } = logged((log) => log.error('failed', { error: outer }));
    expect(text).not.toContain(rowValue);
    expect(text).toContain('22P02');
  });

  test('has call frames in a log of debug lines, and where it is a fault of ours', () => {
    const stop = new SluiceError('LEDGER_FENCED', { pipeline: 'shop' });
    expect(loggedError(stop)).not.toContain('"stack"');
    expect(loggedError(stop, { level: 'debug' })).toContain('"stack"');
    expect(loggedError(new TypeError('x is undefined'))).toContain('"stack"');
  });

  test('a pg client error is written like our own', () => {
    const error = Object.assign(new Error('invalid input syntax: "x"'), {
      severity: 'ERROR',
      code: '22P02',
      detail: rowValue,
      table: 'orders',
    });
    expect(recordError(error)).toMatchObject({ sqlstate: '22P02', table: 'orders' });
    expect(JSON.stringify(recordError(error))).not.toMatch(/alice|"x"/);
  });

  test('a chain of causes that never ends is cut', () => {
    const error = new Error('round');
    error.cause = error;
    expect(JSON.stringify(recordError(error)).length).toBeLessThan(1000);
  });

  test('several errors in one are all written', () => {
    const record = recordError(new AggregateError([duplicate, new Error('other')], 'two failed'));
    expect(record.errors).toMatchObject([{ sqlstate: '23505' }, { message: 'other' }]);
  });
});

test('positions and bytes are written as text', () => {
  const { records } = logged((log) =>
    log.info('x', { lsn: 2n ** 63n, bytes: Buffer.from('secret row') }),
  );
  expect(records).toMatchObject([{ lsn: '9223372036854775808', bytes: '10 bytes' }]);
});

test('lines below the level are not written', () => {
  const { records } = logged(
    (log) => {
      log.debug('a');
      log.info('b');
      log.warn('c');
    },
    { level: 'warn' },
  );
  expect(records).toMatchObject([{ msg: 'c' }]);
});

test('a log file is appended to', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-log-'));
  try {
    const file = join(folder, 'deeper', 'sluice.log');
    createLog({ file }).info('first');
    createLog({ file }).info('second');
    const lines = (await readFile(file, 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { msg: 'first' },
      { msg: 'second' },
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
