import {
  isInTable,
  leftToRight,
  mappedToNothing,
  nonAsciiSpaces,
  prohibited,
  rightToLeft,
  unassigned,
} from './saslprep-tables.ts';

/**
 * A password as SCRAM hashes it: RFC 4013 (SASLprep), the way PostgreSQL applies it.
 *
 * PostgreSQL takes a password that SASLprep forbids as it is rather than refuse it, on both sides; so do
 * we, or its owner could not log in.
 */
export function saslPrep(password: string): string {
  if (isAscii(password)) return password;
  const prepared = mapCharacters(password).normalize('NFKC');
  return isAllowed(prepared) ? prepared : password;
}

/** PostgreSQL leaves ASCII alone, control characters included. */
function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function mapCharacters(text: string): string {
  let mapped = '';
  for (const character of text) {
    const codePoint = character.codePointAt(0) ?? 0;
    if (isInTable(nonAsciiSpaces, codePoint)) mapped += ' ';
    else if (!isInTable(mappedToNothing, codePoint)) mapped += character;
  }
  return mapped;
}

function isAllowed(text: string): boolean {
  const codePoints = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  return codePoints.length > 0 && !codePoints.some(isForbidden) && isBidiAllowed(codePoints);
}

function isForbidden(codePoint: number): boolean {
  return isInTable(prohibited, codePoint) || isInTable(unassigned, codePoint);
}

/** RFC 3454 section 6: right-to-left text starts and ends so, and holds no left-to-right character. */
function isBidiAllowed(codePoints: readonly number[]): boolean {
  if (!codePoints.some(isRightToLeft)) return true;
  if (codePoints.some(isLeftToRight)) return false;
  return isRightToLeft(codePoints[0] ?? 0) && isRightToLeft(codePoints.at(-1) ?? 0);
}

function isRightToLeft(codePoint: number): boolean {
  return isInTable(rightToLeft, codePoint);
}

function isLeftToRight(codePoint: number): boolean {
  return isInTable(leftToRight, codePoint);
}
