import { expect, test } from 'vitest';
import { TargetWriter } from '../../../src/replicate/apply/target-writer.ts';
import { Session } from '../../../src/session/index.ts';
import { CopyTextWriter } from '../../../src/wire/index.ts';
import { anyMajor, postgres } from '../../kit/index.ts';

const server = postgres(anyMajor);

/** CopyData messages of some megabytes; the table takes integers. */
function frames(firstRow: string): Buffer {
  const writer = new CopyTextWriter();
  writer.begin();
  const bytes = Buffer.from(`${firstRow}1234567`);
  const cells = {
    count: 2,
    kind: Uint8Array.of('t'.charCodeAt(0), 't'.charCodeAt(0)),
    start: Int32Array.of(0, firstRow.length),
    end: Int32Array.of(firstRow.length, bytes.length),
  };
  writer.row(bytes, cells, Int32Array.of(0));
  for (let i = 0; i < 500_000; i++) writer.row(bytes, cells, Int32Array.of(1));
  writer.end();
  return writer.take();
}

const step = { does: 'insert', table: null, change: null } as const;

test('memory of what the server took is given back; of what it refused, not while it may be on its way', async () => {
  const database = await server.database('CREATE TABLE numbers (n int)');
  await using session = await Session.connect(database.url, { purpose: 'test' });
  const target = new TargetWriter(session);
  const send = async (firstRow: string) => {
    const submission = target.begin();
    const data = frames(firstRow);
    // The last statement: its refusal is the last answer, and comes before the server has read the rest.
    submission.copy('COPY public.numbers FROM STDIN', data, step);
    const { failure } = await target.send(submission);
    const { buffer } = data;
    return {
      sqlstate: failure?.error.sqlstate,
      isFreed: buffer instanceof ArrayBuffer && buffer.detached,
    };
  };
  expect(await send('no number')).toEqual({ sqlstate: '22P02', isFreed: false });
  expect(await send('1')).toEqual({ sqlstate: undefined, isFreed: true });
  expect(await database.value('SELECT count(*)::int FROM numbers')).toBe(500_001);
});
