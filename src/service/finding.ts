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

/** Makes the findings of one table of them. */
export function findingsOf<S extends FindingSpecs>(specs: S) {
  return (
    code: keyof S & string,
    subject: string,
    evidence: string,
    details: Readonly<Record<string, string>> = {},
  ): Finding => {
    const { severity, remedy } = specs[code]!;
    const filled = remedy.replaceAll(/\{(\w+)\}/g, (hole, name: string) => details[name] ?? hole);
    return { code, subject, evidence, remedy: filled, severity };
  };
}

/** The findings that forbid the work to begin. */
export function blockingFindings(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'blocks');
}
