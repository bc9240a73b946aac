import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import { CopyRunScanner, FrameScanner } from '../../src/wire/index.ts';
import { samples, type Sample } from './samples.ts';

/** What a decoder makes of a message: its value or its error; any other exception fails the test. */
function outcome(decode: Sample['decode'], bytes: Buffer, start: number, end: number): unknown {
  try {
    return { value: decode(bytes, start, end) };
  } catch (error) {
    if (!isSluiceError(error) || !error.code.startsWith('PROTO_')) throw error;
    return { error: error.message };
  }
}

const anyBytes = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));

/** The sample with some of its bytes changed, then cut or made longer. */
function mutationsOf(message: Buffer): fc.Arbitrary<Buffer> {
  const change = fc.tuple(fc.nat({ max: message.length - 1 }), fc.nat({ max: 255 }));
  const changes = fc.array(change, { maxLength: 4 });
  return fc.tuple(changes, fc.nat({ max: message.length }), anyBytes).map(([edits, cut, tail]) => {
    const mutated = Buffer.from(message);
    for (const [at, byte] of edits) mutated[at] = byte;
    return Buffer.concat([mutated.subarray(0, cut), tail.subarray(0, tail.length % 5)]);
  });
}

describe.each(samples)('$name', ({ decode, message }) => {
  test('is understood', () => {
    expect(outcome(decode, message, 0, message.length)).toHaveProperty('value');
  });

  test('cut anywhere, it gives a value or a typed error', () => {
    for (let end = 0; end < message.length; end++) outcome(decode, message, 0, end);
    expect(outcome(decode, message, 0, 0)).toHaveProperty('error');
  });

  test('longer by a byte, it is refused or means the same bytes', () => {
    const longer = Buffer.concat([message, Buffer.from([1])]);
    const result = outcome(decode, longer, 0, longer.length);
    const readsTheRest = ['replication envelope', 'XLogData', 'row relation'];
    const swallowsTheRest = ['AuthenticationSASLFinal', 'BackendKeyData'];
    const name = samples.find((sample) => sample.message === message)?.name ?? '';
    if ([...readsTheRest, ...swallowsTheRest].includes(name))
      expect(result).toHaveProperty('value');
    else expect(result).toHaveProperty('error');
  });

  test('any bytes give a value or a typed error, the same wherever they lie', () => {
    const anyInput = fc.tuple(
      fc.oneof(anyBytes, mutationsOf(message), mutationsOf(message)),
      anyBytes,
      anyBytes,
    );
    fc.assert(
      fc.property(anyInput, ([input, before, after]) => {
        const alone = outcome(decode, input, 0, input.length);
        const bytes = Buffer.concat([before, input, after]);
        // A decoder that looks past the end sees other bytes here, and says something else.
        const within = outcome(decode, bytes, before.length, before.length + input.length);
        expect(within).toEqual(alone);
      }),
      { numRuns: 200 },
    );
  });
});

describe.each([
  ['FrameScanner', () => new FrameScanner()],
  ['CopyRunScanner', () => new CopyRunScanner()],
])('%s', (_name, create) => {
  test('takes any bytes in any pieces: messages, or a typed error', () => {
    fc.assert(
      fc.property(fc.array(anyBytes, { maxLength: 10 }), (chunks) => {
        const scanner = create();
        outcome(
          () => {
            for (const chunk of chunks) {
              if (scanner instanceof FrameScanner) scanner.push(chunk, () => undefined);
              else
                scanner.push(
                  chunk,
                  () => undefined,
                  () => undefined,
                );
            }
          },
          Buffer.alloc(0),
          0,
          0,
        );
      }),
    );
  });
});
