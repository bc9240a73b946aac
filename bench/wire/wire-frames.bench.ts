import { PassThrough } from 'node:stream';
import { parse } from 'pg-protocol';
import { BackendTag, FrameScanner } from '../../src/wire/index.ts';
import { microBench } from '../kit/micro.ts';
import { binaryInserts, framed, messageCount } from './inputs.ts';

const chunk = framed(binaryInserts(), BackendTag.copyData);
let seenBytes = 0;

export default microBench({
  name: 'wire-frames',
  about:
    'Cutting a chunk of 1,000 CopyData messages of some 50 bytes into frames. The peer is the parser ' +
    'of node-postgres, which makes an object of each.',
  unit: 'frames/s',
  ours: { name: 'sluice', work: scanWithOurs() },
  peers: [{ name: 'pg-protocol', work: scanWithPeer() }],
});

function scanWithOurs(): () => number {
  const scanner = new FrameScanner();
  return () => {
    scanner.push(chunk, countBytes);
    return messageCount;
  };
}

function scanWithPeer(): () => number {
  const stream = new PassThrough();
  void parse(stream, (message) => {
    seenBytes += message.length;
  });
  return () => {
    stream.emit('data', chunk);
    return messageCount;
  };
}

function countBytes(_tag: number, _bytes: Buffer, start: number, end: number): void {
  seenBytes += end - start;
}
