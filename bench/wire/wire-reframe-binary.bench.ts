import { CopyBinaryWriter, readRowChange, RowChange } from '../../src/wire/index.ts';
import { microBench } from '../kit/micro.ts';
import { binaryInserts, messageCount } from './inputs.ts';

const inserts = binaryInserts();

export default microBench({
  name: 'wire-reframe-binary',
  about:
    'Binary pgoutput Inserts of four small columns to COPY BINARY rows. The peer is the plain way in ' +
    'Node: a Buffer a value, an array a row, one concat a row.',
  unit: 'tuples/s',
  ours: { name: 'sluice', work: reframeWithOurs() },
  peers: [{ name: 'a Buffer a value', work: reframePlainly }],
});

function reframeWithOurs(): () => number {
  const change = new RowChange();
  const writer = new CopyBinaryWriter();
  const columns = Int32Array.of(0, 1, 2, 3);
  const { bytes, starts, ends } = inserts;
  return () => {
    for (let i = 0; i < messageCount; i++) {
      readRowChange(bytes, starts[i] ?? 0, ends[i] ?? 0, false, change);
      writer.row(bytes, change.new, columns);
    }
    writer.take();
    return messageCount;
  };
}

function reframePlainly(): number {
  const { bytes, starts, ends } = inserts;
  const rows: Buffer[] = [];
  for (let i = 0; i < messageCount; i++) {
    rows.push(copyRow(readValues(bytes.subarray(starts[i], ends[i]))));
  }
  return rows.length;
}

function readValues(message: Buffer): (Buffer | null)[] {
  const values: (Buffer | null)[] = [];
  let at = 8;
  for (let left = message.readInt16BE(6); left > 0; left--) {
    if (message[at++] === 0x6e) {
      values.push(null);
      continue;
    }
    const length = message.readInt32BE(at);
    values.push(message.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return values;
}

function copyRow(values: readonly (Buffer | null)[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(values.length);
  const parts: Buffer[] = [count];
  for (const value of values) {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : value.length);
    parts.push(length);
    if (value !== null) parts.push(value);
  }
  return Buffer.concat(parts);
}
