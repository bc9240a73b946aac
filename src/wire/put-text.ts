import type { OutputBuffer } from './output-buffer.ts';

/** Texts up to this length are written by a loop: most are names, and the engine's encoder costs a call. */
const loopedCharacters = 32;

/** Writes text as UTF-8 and moves `at` past it. */
export function putText(out: OutputBuffer, text: string): void {
  // UTF-8 takes at most 3 bytes for a UTF-16 unit.
  out.reserve(text.length * 3);
  if (text.length <= loopedCharacters && putAscii(out, text)) return;
  out.at += out.bytes.write(text, out.at, 'utf8');
}

/** Writes text and its zero byte; false and nothing written when the text itself holds one. */
export function putTerminatedText(out: OutputBuffer, text: string): boolean {
  if (text.includes('\0')) return false;
  putText(out, text);
  out.reserve(1);
  out.bytes[out.at++] = 0;
  return true;
}

/** Writes the text when every character is ASCII; otherwise moves nothing. */
function putAscii(out: OutputBuffer, text: string): boolean {
  const { bytes } = out;
  let at = out.at;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    bytes[at++] = unit;
  }
  out.at = at;
  return true;
}
