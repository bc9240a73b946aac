import { describe, expect, test } from 'vitest';
import { encodeChange, encodeEvent, splitKeyChange } from '../../src/sink/index.ts';
import type { ChangePlace, RowChange, RowImage } from '../../src/sink/index.ts';

const place: ChangePlace = {
  pipeline: 'shop',
  database: 'shop',
  xid: 743,
  commitLsn: '0/1A2B3C4',
  committedAt: new Date('2026-01-02T03:04:05.678Z'),
  sequence: 2,
  isLast: true,
};
const columns = [
  { name: 'id', type: 'number', isKey: true },
  { name: 'total', type: 'text', isKey: false },
  { name: 'photo', type: 'bytes', isKey: false },
] as const;
const of = { schema: 'public', table: 'orders' };

function row(...texts: RowImage['texts']): RowImage {
  return { columns, texts };
}

function keyRow(id: string): RowImage {
  return { columns: columns.slice(0, 1), texts: [id] };
}

function payloadOf(change: RowChange): unknown {
  return JSON.parse(Buffer.from(encodeChange(change, place).payload).toString());
}

describe('a change as a message', () => {
  test('is one JSON object, the same bytes each time', () => {
    const change: RowChange = {
      ...of,
      op: 'update',
      after: row('1', '12.50', undefined),
      before: null,
    };
    const message = encodeChange(change, place);
    expect(Buffer.from(message.payload).toString()).toBe(
      '{"version":1,"op":"update","database":"shop","schema":"public","table":"orders",' +
        '"key":{"id":1},"before":null,"after":{"id":1,"total":"12.50"},"unchanged":["photo"],' +
        '"transaction":{"xid":743,"commitLsn":"0/1A2B3C4","committedAt":"2026-01-02T03:04:05.678Z","sequence":2,"last":true}}',
    );
    expect(message).toMatchObject({
      id: 'shop:0/1A2B3C4:2',
      subject: ['public', 'orders'],
      key: '{"id":1}',
      headers: { 'Sluice-Op': 'update' },
      position: '0/1A2B3C4',
      transaction: '743',
    });
  });

  test('of an insert has the row, of a delete its key', () => {
    expect(payloadOf({ ...of, op: 'insert', after: row('1', null, '\\x00') })).toMatchObject({
      op: 'insert',
      key: { id: 1 },
      before: null,
      after: { id: 1, total: null, photo: 'AA==' },
    });
    expect(payloadOf({ ...of, op: 'delete', before: keyRow('1') })).toMatchObject({
      key: { id: 1 },
      before: { id: 1 },
      after: null,
    });
  });

  test('takes what was not sent again from the row before, where that is whole', () => {
    const change: RowChange = {
      ...of,
      op: 'update',
      after: row('1', null, undefined),
      before: row('1', '5', '\\x01'),
    };
    const payload = payloadOf(change);
    expect(payload).toMatchObject({ after: { id: 1, total: null, photo: 'AQ==' } });
    expect(payload).not.toHaveProperty('unchanged');
  });

  test('of a row that nothing tells from others has no key', () => {
    const after = {
      columns: columns.map((column) => ({ ...column, isKey: false })),
      texts: ['1', '2', null],
    };
    const message = encodeChange({ ...of, op: 'insert', after }, place);
    expect(message.key).toBeNull();
    expect(payloadOf({ ...of, op: 'insert', after })).toMatchObject({ key: null });
  });

  test('of a truncate says how', () => {
    const change: RowChange = { ...of, op: 'truncate', cascade: true, restartIdentity: false };
    expect(payloadOf(change)).toMatchObject({
      op: 'truncate',
      table: 'orders',
      cascade: true,
      restartIdentity: false,
    });
    expect(encodeChange(change, place).key).toBeNull();
  });
});

describe('an update that changes the key', () => {
  const change: RowChange = {
    ...of,
    op: 'update',
    after: row('2', '5', undefined),
    before: keyRow('1'),
  };

  test('is split into the end of one row and the beginning of another', () => {
    expect(splitKeyChange(change).map((part) => payloadOf(part))).toMatchObject([
      { op: 'delete', key: { id: 1 }, before: { id: 1 }, after: null },
      { op: 'insert', key: { id: 2 }, after: { id: 2, total: '5' }, unchanged: ['photo'] },
    ]);
  });

  test('is one where it does not, whatever else it changes', () => {
    const other: RowChange = { ...change, after: row('1', '6', null), before: row('1', '5', null) };
    expect(splitKeyChange(other)).toEqual([other]);
    expect(splitKeyChange({ ...change, before: null })).toHaveLength(1);
  });
});

test("a queue's event is its data, named after queue, batch and event", () => {
  const event = {
    id: 345n,
    time: new Date('2026-01-02T03:04:05.678Z'),
    txid: 743n,
    type: 'placed',
    data: '{"ü":1}',
    extra1: null,
    extra2: 'two',
    extra3: null,
    extra4: null,
  };
  expect(encodeEvent(event, { queue: 'orders', batchId: 12n, tick: 77n }, 'k')).toEqual({
    id: 'orders:12:345',
    subject: ['orders'],
    key: 'k',
    payload: Buffer.from('{"ü":1}'),
    headers: {
      'Sluice-Time': '2026-01-02T03:04:05.678Z',
      'Sluice-Type': 'placed',
      'Sluice-Extra2': 'two',
    },
    position: '77',
    transaction: '743',
  });
});
