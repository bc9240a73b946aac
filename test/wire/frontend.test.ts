import { describe, expect, test } from 'vitest';
import {
  encodeStatusUpdate,
  formatLsn,
  lsn,
  MessageWriter,
  negotiatedVersion,
  oid,
  parseLsn,
  ProtocolVersion,
} from '../../src/wire/index.ts';
import { frame, int16, int32, int64, text } from './bytes.ts';

function written(write: (writer: MessageWriter) => unknown): Buffer {
  const writer = new MessageWriter();
  write(writer);
  return writer.take();
}

describe('MessageWriter', () => {
  test('writes a startup message without a tag', () => {
    const body = Buffer.concat([int32(196_610), text('user'), text('ann'), Buffer.from([0])]);
    const bytes = written((writer) => writer.startup(ProtocolVersion.v3_2, { user: 'ann' }));
    expect(bytes).toEqual(Buffer.concat([int32(body.length + 4), body]));
  });

  test('writes a cancel request with a key of any length', () => {
    const key = Buffer.alloc(32, 9);
    const bytes = written((writer) => writer.cancelRequest(77, key));
    const expected = [int32(12 + key.length), int32(80_877_102), int32(77), key];
    expect(bytes).toEqual(Buffer.concat(expected));
  });

  test('binds strings as text, buffers as binary, and null', () => {
    const bytes = written((writer) => writer.bind('p', 's', ['é', Buffer.from([1, 2]), null]));
    const body = [
      text('p'),
      text('s'),
      int16(3),
      Buffer.concat([int16(0), int16(1), int16(0)]),
      int16(3),
      Buffer.concat([int32(2), Buffer.from('é'), int32(2), Buffer.from([1, 2]), int32(-1)]),
      int16(0),
    ];
    expect(bytes).toEqual(frame('B', Buffer.concat(body)));
  });

  test('binds values cut from other bytes the same way', () => {
    const source = Buffer.from('..value..');
    const long = Buffer.alloc(100_000, 5);
    const bytes = written((writer) =>
      writer
        .beginBind('', 's', 3, Uint8Array.of(1, 0, 1))
        .bindValue(source, 2, 7)
        .bindNull()
        .bindValue(long, 0, long.length)
        .endBind(1),
    );
    const expected = written((writer) =>
      writer.bind('', 's', [Buffer.from('value'), null, long], {
        parameters: [1, 0, 1],
        results: 1,
      }),
    );
    expect(bytes).toEqual(expected);
  });

  test('drops a Bind with too few or too many values, and nothing else', () => {
    const writer = new MessageWriter().sync();
    expect(() => writer.beginBind('', 's', 2, 1).bindNull().endBind()).toThrow('PROTO_BIND_COUNT');
    expect(() => writer.bind('', 's', Array<null>(65_536).fill(null))).toThrow('PROTO_BIND_COUNT');
    expect(writer.sync().take()).toEqual(written((plain) => plain.sync().sync()));
  });

  test('refuses text with a zero byte, and keeps what was written before it', () => {
    const writer = new MessageWriter().query('select 1');
    expect(() => writer.query('select 2\0; drop table t')).toThrow('PROTO_NUL_BYTE');
    expect(() => writer.parse('name\0', 'select 3')).toThrow('PROTO_NUL_BYTE');
    expect(() => writer.startup(ProtocolVersion.v3_0, { user: 'a\0' })).toThrow('PROTO_NUL_BYTE');
    expect(writer.take()).toEqual(frame('Q', text('select 1')));
  });

  test('never writes to bytes it has handed over', () => {
    const writer = new MessageWriter({ initialBytes: 64 });
    const first = writer.query('first').take();
    const copy = Buffer.from(first);
    for (let i = 0; i < 50; i++) writer.query(`query ${i}`).take();
    expect(first).toEqual(copy);
    expect(writer.byteLength).toBe(0);
  });

  test('grows in the middle of a message', () => {
    const writer = new MessageWriter({ initialBytes: 64 });
    writer.sync().take();
    const long = 'x'.repeat(10_000);
    expect(writer.sync().query(long).sync().take()).toEqual(
      Buffer.concat([
        frame('S', Buffer.alloc(0)),
        frame('Q', text(long)),
        frame('S', Buffer.alloc(0)),
      ]),
    );
  });
});

test('a status update is a CopyData message with times in PostgreSQL microseconds', () => {
  const position = parseLsn('FFFFFFFF/FFFFFFFF');
  const update = { written: position, flushed: lsn(1n), applied: lsn(0n), replyRequested: true };
  const body = [
    Buffer.from('r'),
    Buffer.concat([int64(-1n), int64(1n), int64(0n)]),
    int64(1_000_000n),
    Buffer.from([1]),
  ];
  // 2000-01-01 00:00:01 UTC.
  const bytes = encodeStatusUpdate({ ...update, nowUs: 946_684_801_000_000n });
  expect(bytes).toEqual(frame('d', Buffer.concat(body)));
});

describe('positions', () => {
  test.each(['0/0', '0/16B3748', '16/B374D848', 'FFFFFFFF/FFFFFFFF'])('%s is kept', (position) => {
    expect(formatLsn(parseLsn(position))).toBe(position);
  });

  test.each(['', '0', '0/', '/1', '0/123456789', '0/G', ' 0/1', '0/1\n'])(
    '%j is refused',
    (position) => {
      expect(() => parseLsn(position)).toThrow('PROTO_LSN');
    },
  );

  test('numbers that do not fit are refused', () => {
    expect(() => lsn(-1n)).toThrow('PROTO_LSN');
    expect(() => lsn(1n << 64n)).toThrow('PROTO_LSN');
    expect(() => oid(-1)).toThrow('PROTO_FIELD');
    expect(() => oid(0x1_0000_0000)).toThrow('PROTO_FIELD');
  });
});

describe('version negotiation', () => {
  test('takes the older version the server knows', () => {
    expect(negotiatedVersion(0x3_0002, [], answer(0x3_0000))).toBe(0x3_0000);
  });

  test('takes the same version without the options it does not know', () => {
    expect(negotiatedVersion(0x3_0002, ['_pq_.a'], answer(0x3_0002, '_pq_.a'))).toBe(0x3_0002);
  });

  test.each([
    ['another major version', 0x3_0002, answer(0x2_0000)],
    ['only a minor version', 0x3_0002, answer(2)],
    ['a newer version', 0x3_0000, answer(0x3_0002)],
    ['an option never sent', 0x3_0002, answer(0x3_0000, '_pq_.other')],
    ['nothing at all', 0x3_0000, answer(0x3_0000)],
  ])('refuses %s', (_name, requested, reply) => {
    expect(() => negotiatedVersion(requested, ['_pq_.a'], reply)).toThrow('PROTO_NEGOTIATION');
  });
});

function answer(
  newestVersion: number,
  ...unknownOptions: string[]
): Parameters<typeof negotiatedVersion>[2] {
  return { newestVersion, unknownOptions };
}
