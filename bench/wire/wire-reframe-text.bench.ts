import { CopyTextWriter, readRowChange, RowChange } from '../../src/wire/index.ts';
import { microBench } from '../kit/micro.ts';
import { messageCount, textInserts } from './inputs.ts';

const inserts = textInserts();
const special = /[\b\f\n\r\t\v\\]/g;
const escapes: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

export default microBench({
  name: 'wire-reframe-text',
  about:
    'Text pgoutput Inserts of four small columns to COPY text lines. The peer is the plain way in ' +
    'Node: a string a value, escaped by a regular expression, joined.',
  unit: 'tuples/s',
  ours: { name: 'sluice', work: reframeWithOurs() },
  peers: [{ name: 'a string a value', work: reframePlainly }],
});

function reframeWithOurs(): () => number {
  const change = new RowChange();
  const writer = new CopyTextWriter();
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
  let lines = '';
  for (let i = 0; i < messageCount; i++) lines += copyLine(bytes.subarray(starts[i], ends[i]));
  Buffer.from(lines);
  return messageCount;
}

function copyLine(message: Buffer): string {
  const values: string[] = [];
  let at = 8;
  for (let left = message.readInt16BE(6); left > 0; left--) {
    if (message[at++] === 0x6e) {
      values.push('\\N');
      continue;
    }
    const length = message.readInt32BE(at);
    const value = message.toString('utf8', at + 4, at + 4 + length);
    values.push(value.replaceAll(special, (character) => escapes[character] ?? character));
    at += 4 + length;
  }
  return `${values.join('\t')}\n`;
}
