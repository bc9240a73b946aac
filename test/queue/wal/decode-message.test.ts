import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeMessage } from '../../../src/queue/wal/decode-message.ts';
import { anyMajor, postgres } from '../../kit/index.ts';

const server = postgres(anyMajor);

const field = fc.option(
  fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      '"',
      '\\',
      ',',
      '(',
      ')',
      '\n',
      '\t',
      '""',
      '\\"',
      'é',
      '😀',
      '\u00A0',
    ),
    fc.string({ unit: fc.constantFrom('a', '"', '\\', ',', '(', ')', ' ', '\n', '\u00E9') }),
    fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
  ),
);
const fields = fc.array(field, { minLength: 6, maxLength: 6 });

test('whatever PostgreSQL writes as the text of a row is read as it was', async () => {
  const database = await server.database();
  const rows = fc.sample(fields, 500);
  const written = await database.rows<{ text: string }>(
    `select row(e[1], e[2], e[3], e[4], e[5], e[6])::text as text
       from (select array(select jsonb_array_elements_text(v)) as e
               from jsonb_array_elements($1::jsonb) with ordinality as a (v, nr) order by nr) as rows`,
    [JSON.stringify(rows)],
  );
  expect(written).toHaveLength(500);
  for (const [nr, { text }] of written.entries()) {
    expect(decodeMessage(Buffer.from(text))).toEqual({ fields: rows[nr] });
  }
});

describe('what is no event has a reason', () => {
  test.each([
    ['', 'the message is not the text of a row'],
    ['()', 'the message has 1 fields in place of 6'],
    ['(a,b)', 'the message has 2 fields in place of 6'],
    ['(,,,,,,)', 'the message has 7 fields in place of 6'],
    ['(a,"b,,,,)', 'the message is not the text of a row'],
    ['(a,"\\x",,,,)', 'the message is not the text of a row'],
    ['(a,b"c,,,,)', 'the message is not the text of a row'],
    ['(a,"b"c,,,,)', 'the message is not the text of a row'],
    ['{"type":"placed"}', 'the message is not the text of a row'],
    ['(a\0,,,,,)', 'the message is not text'],
  ])('%j', (content, reason) => {
    expect(decodeMessage(Buffer.from(content))).toEqual({ reason });
  });

  test('bytes that are no UTF-8', () => {
    const content = Buffer.from([0x28, 0xff, 0x2c, 0x2c, 0x2c, 0x2c, 0x2c, 0x29]);
    expect(decodeMessage(content)).toEqual({ reason: 'the message is not text' });
  });

  test('any bytes do no harm', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeMessage(Buffer.concat([Buffer.from('('), bytes, Buffer.from(')')]));
        expect('fields' in decoded ? decoded.fields.length : decoded.reason).toBeTruthy();
      }),
    );
  });
});
