/** One `key=value` of a line in [databases], [users] or [peers]. */
export interface Pair {
  readonly key: string;
  readonly value: string;
}

/** A value may stand in single quotes, and a quote in it is doubled. It cannot be empty; nothing is escaped by `\`. */
const pair =
  /\s*(?<key>[^\s=]+)\s*=\s*(?:'(?<quoted>(?:[^']|'')+)'|(?<plain>[^\s'][^\s]*))(?=\s|$)/y;

/** The pairs of a value, in order; undefined when it is something else. Never throws. */
export function readPairs(text: string): readonly Pair[] | undefined {
  const pairs: Pair[] = [];
  pair.lastIndex = 0;
  for (let at = 0; text.slice(at).trim() !== ''; at = pair.lastIndex) {
    pair.lastIndex = at;
    const { key, quoted, plain } = pair.exec(text)?.groups ?? {};
    if (key === undefined) return undefined;
    pairs.push({ key, value: quoted?.replaceAll("''", "'") ?? plain ?? '' });
  }
  return pairs;
}
