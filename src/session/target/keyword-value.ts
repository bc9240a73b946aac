import { SluiceError } from '../../errors/index.ts';
import type { Given } from './keywords.ts';
import { storeKeyword } from './read-keyword.ts';

/** One `keyword = value`: plain or in single quotes, a backslash keeps the next character as it is. */
const pair =
  /\s*(?<name>[^=\s]+)\s*=\s*(?:'(?<quoted>(?:[^'\\]|\\.)*)'(?=\s|$)|(?<plain>(?:[^\s'\\]|\\.)(?:[^\s\\]|\\.)*)?(?=\s|$))/suy;

/** `host=db1 port=5433 password='it\'s'` */
export function parseKeywordValue(text: string, origin: string): Given {
  const given: Given = new Map();
  pair.lastIndex = 0;
  let at = 0;
  while (text.slice(at).trim() !== '') {
    pair.lastIndex = at;
    const groups = pair.exec(text)?.groups;
    if (!groups) throw badPair(given.size + 1, origin);
    const value = groups['quoted'] ?? groups['plain'] ?? '';
    storeKeyword(given, groups['name'] ?? '', value.replaceAll(/\\(.)/gsu, '$1'), origin);
    at = pair.lastIndex;
  }
  return given;
}

function badPair(ordinal: number, origin: string): SluiceError {
  return new SluiceError('SESSION_STRING', {
    origin,
    part: `word ${ordinal}`,
    expected: "keyword=value, with quotes '...' closed, or postgres://...",
  });
}
