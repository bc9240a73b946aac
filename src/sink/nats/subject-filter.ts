/** How much of what `pattern` stands for a filter takes. */
export type Coverage = 'all' | 'some' | 'none';

/**
 * What a stream's filter (`shop.>`) takes of a pattern, both with the wildcards of NATS: `*` for one token, a last
 * `>` for one or more.
 */
export function coverageOf(filter: string, pattern: string): Coverage {
  const filters = filter.split('.');
  const tokens = pattern.split('.');
  let coverage: Coverage = 'all';
  for (const [i, wanted] of filters.entries()) {
    const token = tokens[i];
    if (token === undefined) return 'none';
    if (wanted === '>') return coverage;
    if (token === '>') return 'some';
    if (wanted === '*' || wanted === token) continue;
    if (token !== '*') return 'none';
    coverage = 'some';
  }
  return tokens.length === filters.length ? coverage : 'none';
}
