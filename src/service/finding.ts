/** What a check saw before the work (P10). */
export interface Finding {
  /** UPPER_SNAKE, stable: programs match it. */
  readonly code: string;
  /** The object it is about, as a person names it: `shop.orders`, `source`, `slot sluice_shop`. */
  readonly subject: string;
  /** What was seen, expected and got. Never row values. */
  readonly evidence: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
  readonly severity: 'blocks' | 'warns';
}

/** One finding that a check may have, for the manual too. */
export interface FindingSpec {
  readonly severity: Finding['severity'];
  /** What it means, and what would happen. */
  readonly meaning: string;
  /** What to do, in the imperative. `{name}` is filled in when it is found. */
  readonly remedy: string;
}

/** What a check may find, by code. */
export type FindingSpecs = Readonly<Record<string, FindingSpec>>;

type Holes<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Holes<Rest>
  : never;

/** What is told of one finding; a detail that the remedy needs and does not get does not compile. */
export type FindingParts<S extends FindingSpecs, C extends keyof S & string> = [
  code: C,
  subject: string,
  evidence: string,
  ...details: [Holes<S[C]['remedy']>] extends [never]
    ? []
    : [Readonly<Record<Holes<S[C]['remedy']>, string>>],
];

export type MakeFinding<S extends FindingSpecs> = <C extends keyof S & string>(
  ...parts: FindingParts<S, C>
) => Finding;

/** Makes the findings of one table of them. */
export function findingsOf<const S extends FindingSpecs>(specs: S): MakeFinding<S> {
  return (...[code, subject, evidence, details]) => {
    const { severity, remedy } = specs[code]!;
    return { code, subject, evidence, remedy: fill(remedy, details ?? {}), severity };
  };
}

function fill(template: string, details: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/gu, (hole, name: string) => details[name] ?? hole);
}

/** The findings that forbid the work to begin. */
export function blockingFindings(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'blocks');
}
