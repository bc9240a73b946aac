import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CellKind,
  CopyBinaryWriter,
  CopyTextWriter,
  createTupleCells,
  FrameScanner,
  FrontendTag,
  type TupleCells,
} from '../../src/wire/index.ts';
import { int16, int32 } from './bytes.ts';

type Cell = { kind: keyof typeof CellKind; value: Buffer };

/** Cells as a tuple would hold them: bytes between that belong to nobody, cells of an earlier row after the last. */
function tupleOf(cells: readonly Cell[]): { bytes: Buffer; tuple: TupleCells } {
  const tuple = createTupleCells(cells.length + 3);
  tuple.kind.fill(CellKind[cells[0]?.kind ?? 'null']);
  tuple.count = cells.length;
  const parts: Buffer[] = [];
  let at = 0;
  for (const [i, { kind, value }] of cells.entries()) {
    parts.push(Buffer.from('??'), value);
    tuple.kind[i] = CellKind[kind];
    tuple.start[i] = at + 2;
    tuple.end[i] = at += 2 + value.length;
  }
  return { bytes: Buffer.concat(parts), tuple };
}

/** The bodies of the CopyData messages, which must be all there is. */
function copyData(pieces: readonly Buffer[]): Buffer[] {
  const bodies: Buffer[] = [];
  const scanner = new FrameScanner();
  for (const piece of pieces) {
    scanner.push(piece, (tag, bytes, start, end) => {
      expect(tag).toBe(FrontendTag.copyData);
      bodies.push(bytes.subarray(start, end));
    });
  }
  expect(scanner.detach()).toHaveLength(0);
  return bodies;
}

const anyValue = fc
  .oneof(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ minLength: 300, maxLength: 400 }))
  .map((bytes) => Buffer.from(bytes));

function anyRows(kind: 'binary' | 'text'): fc.Arbitrary<{ rows: Cell[][]; takes: boolean[] }> {
  const cell = fc.record({ kind: fc.constantFrom(kind, kind, 'null' as const), value: anyValue });
  return fc.record({
    rows: fc.array(fc.array(cell, { maxLength: 5 }), { maxLength: 20 }),
    takes: fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
  });
}

function columnsOf(row: readonly Cell[]): Int32Array {
  return Int32Array.from(row.keys());
}

describe('CopyBinaryWriter', () => {
  test('writes every row once, wherever the output is taken', () => {
    fc.assert(
      fc.property(anyRows('binary'), ({ rows, takes }) => {
        const writer = new CopyBinaryWriter({ initialBytes: 64 });
        const pieces: Buffer[] = [];
        for (const [i, row] of rows.entries()) {
          const { bytes, tuple } = tupleOf(row);
          writer.row(bytes, tuple, columnsOf(row));
          if (takes[i] === true) pieces.push(writer.take());
        }
        pieces.push(writer.take());
        const expected = rows.flatMap((row) => [
          int16(row.length),
          ...row.flatMap(({ kind, value }) =>
            kind === 'null' ? [int32(-1)] : [int32(value.length), value],
          ),
        ]);
        expect(Buffer.concat(copyData(pieces))).toEqual(Buffer.concat(expected));
        expect(writer.rowCount).toBe(rows.length);
        expect(writer.byteLength).toBe(0);
      }),
    );
  });

  test('packs many rows into a message, and begins another when it is long', () => {
    const { bytes, tuple } = tupleOf([{ kind: 'binary', value: Buffer.alloc(100) }]);
    const writer = new CopyBinaryWriter();
    for (let i = 0; i < 2000; i++) writer.row(bytes, tuple, Int32Array.of(0));
    const bodies = copyData([writer.take()]);
    expect(bodies).toHaveLength(4);
    expect(Math.max(...bodies.map(({ length }) => length))).toBeLessThan(70_000);
  });

  test('writes header and trailer', () => {
    const writer = new CopyBinaryWriter();
    writer.begin();
    writer.end();
    const expected = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0\xff\xff', 'latin1');
    expect(Buffer.concat(copyData([writer.take()]))).toEqual(expected);
  });

  test('takes text only where told, and never unchanged TOAST or a cell that is not there', () => {
    const { bytes, tuple } = tupleOf([
      { kind: 'binary', value: Buffer.from('b') },
      { kind: 'text', value: Buffer.from('t') },
      { kind: 'unchanged', value: Buffer.alloc(0) },
    ]);
    const writer = new CopyBinaryWriter();
    writer.row(bytes, tuple, Int32Array.of(1, 0), Uint8Array.of(1, 0));
    const before = writer.byteLength;
    for (const column of [1, 2, 3, 5]) {
      expect(() => writer.row(bytes, tuple, Int32Array.of(0, column))).toThrow('PROTO_COPY_CELL');
    }
    const all = Uint8Array.of(1, 1);
    expect(() => writer.row(bytes, tuple, Int32Array.of(0, 2), all)).toThrow('PROTO_COPY_CELL');
    expect(writer.byteLength).toBe(before);
    expect(writer.rowCount).toBe(1);
  });
});

describe('CopyTextWriter', () => {
  test('writes every row once, escaped, wherever the output is taken', () => {
    fc.assert(
      fc.property(anyRows('text'), ({ rows, takes }) => {
        const writer = new CopyTextWriter({ initialBytes: 64 });
        const pieces: Buffer[] = [];
        for (const [i, row] of rows.entries()) {
          const { bytes, tuple } = tupleOf(row);
          writer.row(bytes, tuple, columnsOf(row));
          if (takes[i] === true) pieces.push(writer.take());
        }
        pieces.push(writer.take());
        const lines = rows.map((row) => `${row.map(escaped).join('\t')}\n`);
        expect(Buffer.concat(copyData(pieces)).toString('latin1')).toBe(lines.join(''));
      }),
    );
  });

  test('refuses binary, unchanged TOAST and a cell that is not there, and leaves nothing of the row', () => {
    const { bytes, tuple } = tupleOf([
      { kind: 'text', value: Buffer.from('t') },
      { kind: 'binary', value: Buffer.from('b') },
      { kind: 'unchanged', value: Buffer.alloc(0) },
    ]);
    const writer = new CopyTextWriter();
    for (const column of [1, 2, 3, 5]) {
      expect(() => writer.row(bytes, tuple, Int32Array.of(0, column))).toThrow('PROTO_COPY_CELL');
    }
    expect(writer.byteLength).toBe(0);
  });
});

const escapes: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

function escaped({ kind, value }: Cell): string {
  if (kind === 'null') return '\\N';
  return Array.from(value.toString('latin1'), (character) => escapes[character] ?? character).join(
    '',
  );
}
