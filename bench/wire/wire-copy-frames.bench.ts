import { startLocalServer } from '../../src/demo/index.ts';
import { CopyBinaryWriter, readRowChange, RowChange } from '../../src/wire/index.ts';
import { RawConnection } from '../../test/wire/raw-connection.ts';
import type { Bench, Measured, Side } from '../kit/bench.ts';
import { binaryInserts, messageCount } from './inputs.ts';

const rounds = 1000;

/** Why copy-frame.ts lets rows share a CopyData message. Compares the two ways, not us with somebody. */
const bench: Bench = {
  name: 'wire-copy-frames',
  about:
    'Loading 1 M rows of four small columns by COPY BINARY into an unlogged table: many rows in each ' +
    'CopyData message (ours), and one in each, as libpq clients send them.',
  runs: 5,
  comparisons: [{ metric: 'load', unit: 's', better: 'lower', peer: 'a message a row' }],
  setUp: async () => {
    const server = await startLocalServer({ major: 17, isDurable: false });
    const connection = await RawConnection.open(server.port);
    await connection.query('CREATE UNLOGGED TABLE t (id int, amount bigint, note text, more int)');
    return {
      ours: sideOf('sluice', connection, framesOf(false)),
      peers: [sideOf('a message a row', connection, framesOf(true))],
      versions: { PostgreSQL: String(server.major) },
      [Symbol.asyncDispose]: async () => {
        await connection[Symbol.asyncDispose]();
        await server.remove();
      },
    };
  },
};
export default bench;

function sideOf(name: string, connection: RawConnection, data: Buffer): Side {
  const measure = async (): Promise<Measured> => {
    await connection.query('TRUNCATE t');
    const start = performance.now();
    await connection.copyIn('COPY t FROM STDIN (FORMAT binary)', data);
    return { load: (performance.now() - start) / 1000 };
  };
  return { name, measure };
}

/** Taking the output closes the message. */
function framesOf(isOneARow: boolean): Buffer {
  const { bytes, starts, ends } = binaryInserts();
  const change = new RowChange();
  const writer = new CopyBinaryWriter();
  const columns = Int32Array.of(0, 1, 2, 3);
  const pieces: Buffer[] = [];
  writer.begin();
  for (let i = 0; i < messageCount * rounds; i++) {
    const at = i % messageCount;
    readRowChange(bytes, starts[at] ?? 0, ends[at] ?? 0, false, change);
    writer.row(bytes, change.new, columns);
    if (isOneARow) pieces.push(writer.take());
  }
  writer.end();
  pieces.push(writer.take());
  return Buffer.concat(pieces);
}
