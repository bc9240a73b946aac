import type { Finding } from '../../service/index.ts';
import type { CheckFacts } from './facts.ts';

/** One thing a check may find. `{name}` in the remedy is filled from the finding's details. */
export interface FindingSpec {
  readonly severity: Finding['severity'];
  /** What it means, and what would happen; for the manual. */
  readonly meaning: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
}

export type FindingSpecs = Readonly<Record<string, FindingSpec>>;

/** A check: what it may find, and the looking, which is a pure function of the facts. */
export interface Check<F = CheckFacts> {
  readonly specs: FindingSpecs;
  readonly run: (facts: F) => Finding[];
}

type Holes<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Holes<Rest>
  : never;

/** Tells one finding; a detail that the remedy needs and does not get does not compile. */
export type Report<S extends FindingSpecs> = <C extends keyof S & string>(
  code: C,
  subject: string,
  evidence: string,
  ...details: [Holes<S[C]['remedy']>] extends [never] ? [] : [Record<Holes<S[C]['remedy']>, string>]
) => void;

export function defineCheck<const S extends FindingSpecs, F = CheckFacts>(
  specs: S,
  look: (facts: F, report: Report<S>) => void,
): Check<F> {
  return {
    specs,
    run: (facts) => {
      const findings: Finding[] = [];
      look(facts, (code, subject, evidence, details?: Readonly<Record<string, string>>) => {
        const { severity, remedy } = specs[code]!;
        findings.push({ code, subject, evidence, remedy: fill(remedy, details ?? {}), severity });
      });
      return findings;
    },
  };
}

function fill(template: string, details: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/gu, (hole, name: string) => details[name] ?? hole);
}
