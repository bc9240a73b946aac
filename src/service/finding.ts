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

/** The findings that forbid the work to begin. */
export function blockingFindings(findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.severity === 'blocks');
}
