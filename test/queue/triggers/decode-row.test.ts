import { describe, expect, test } from 'vitest';
import { decodeRow, type TriggerEvent } from '../../../src/queue/index.ts';

const event = (type: string, data: string | null, extra2: string | null = null): TriggerEvent => ({
  type,
  data,
  extra1: 'public.t',
  extra2,
});

describe('a row of logutriga', () => {
  test('has its values as texts, and null where there is no "="', () => {
    expect(decodeRow(event('I:id', 'id=1&a+b=x+y%2b%0a&empty=&note'))).toEqual({
      op: 'insert',
      table: 'public.t',
      key: ['id'],
      row: { id: '1', 'a b': 'x y+\n', empty: '', note: null },
      oldRow: null,
    });
  });

  test('has its old row from the backup, and all columns of the key', () => {
    const { op, key, oldRow } = decodeRow(event('U:id,nr', 'id=1&nr=2', 'id=1&nr=3'));
    expect({ op, key, oldRow }).toEqual({
      op: 'update',
      key: ['id', 'nr'],
      oldRow: { id: '1', nr: '3' },
    });
  });

  test('may have no key, no column, or be a TRUNCATE', () => {
    expect(decodeRow(event('I:', 'a=1'))).toMatchObject({ op: 'insert', key: [] });
    expect(decodeRow(event('D:id', ''))).toMatchObject({ op: 'delete', row: {} });
    expect(decodeRow(event('R', ''))).toMatchObject({ op: 'truncate', key: [], row: {} });
  });

  test('is decoded as text of the encoding it was sent in', () => {
    expect(decodeRow(event('I:', 'a=%f0%9f%98%80')).row).toEqual({ a: '😀' });
    expect(decodeRow(event('I:', 'a=%e4+b'), { encoding: 'latin1' }).row).toEqual({ a: 'ä b' });
  });

  test('with a column of any name stays a plain row', () => {
    const { row } = decodeRow(event('I:', '__proto__=1&constructor=2'));
    expect(Object.entries(row)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });
});

describe('a row of jsontriga', () => {
  test('has bool and integers as themselves, whatever their size, and all others as texts', () => {
    const type = '{"op":"UPDATE","table":["public","t"],"pkey":["id"]}';
    const data = '{"id":9223372036854775807,"n":7,"ok":true,"price":"1.50","note":null}';
    expect(decodeRow(event(type, data, '{"id":1}'))).toEqual({
      op: 'update',
      table: 'public.t',
      key: ['id'],
      row: { id: 9223372036854775807n, n: 7, ok: true, price: '1.50', note: null },
      oldRow: { id: 1 },
    });
  });

  test('of a TRUNCATE has no columns', () => {
    const type = '{"op":"TRUNCATE","table":["public","t"],"pkey":[]}';
    expect(decodeRow(event(type, '{}'))).toMatchObject({ op: 'truncate', row: {}, key: [] });
  });
});

test.each([
  ['sqltriga', 'I', "(id) values ('1')"],
  ['anything', 'order.placed', '{}'],
  ['a type of its own', 'U:id', null],
  ['broken percents', 'I:id', 'id=%e4'],
  ['half a percent', 'I:id', 'id=%4'],
  ['JSON that is none', '{"op":"INSERT","table":["a","b"],"pkey":[]}', '{"id":'],
  ['JSON that is no row', '{"op":"INSERT","table":["a","b"],"pkey":[]}', '{"id":[1]}'],
  ['another JSON type', '{"op":"MERGE"}', '{}'],
])('an event of %s is refused', (_, type, data) => {
  expect(() => decodeRow(event(type, data))).toThrow(
    expect.objectContaining({ code: 'QUEUE_EVENT_NOT_A_ROW' }),
  );
});
