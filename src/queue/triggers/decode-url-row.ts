import type { Row } from './row-change.ts';

export type DecodeText = (encoded: string) => string;

/**
 * Decode a row of logutriga: `id=1&name=x+y&note` is `{ id: '1', name: 'x y', note: null }`.
 *
 * @throws whatever `decodeText` throws
 */
export function decodeUrlRow(data: string, decodeText: DecodeText): Row {
  if (data === '') return {};
  return Object.fromEntries(
    data.split('&').map((pair): [string, string | null] => {
      const at = pair.indexOf('=');
      if (at === -1) return [decodeText(pair), null];
      return [decodeText(pair.slice(0, at)), decodeText(pair.slice(at + 1))];
    }),
  );
}

/** What undoes the triggers' percent-encoding of bytes in an encoding that `TextDecoder` knows. */
export function percentDecoder(encoding: string): DecodeText {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  if (decoder.encoding === 'utf-8') {
    return (encoded) => decodeURIComponent(encoded.replaceAll('+', ' '));
  }
  return (encoded) => decoder.decode(percentBytes(encoded.replaceAll('+', ' ')));
}

function percentBytes(encoded: string): Buffer {
  const chars = encoded.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCodePoint(Number.parseInt(hex, 16)),
  );
  return Buffer.from(chars, 'latin1');
}
