import {
  findingsOf,
  type Finding,
  type FindingParts,
  type FindingSpecs,
} from '../../service/index.ts';
import type { CheckFacts } from './facts.ts';

/** A check: what it may find, and the looking, which is a pure function of the facts. */
export interface Check<F = CheckFacts> {
  readonly specs: FindingSpecs;
  readonly run: (facts: F) => Finding[];
}

/** Tells one finding. */
export type Report<S extends FindingSpecs> = <C extends keyof S & string>(
  ...parts: FindingParts<S, C>
) => void;

export function defineCheck<const S extends FindingSpecs, F = CheckFacts>(
  specs: S,
  look: (facts: F, report: Report<S>) => void,
): Check<F> {
  const find = findingsOf(specs);
  return {
    specs,
    run: (facts) => {
      const findings: Finding[] = [];
      look(facts, (...parts) => void findings.push(find(...parts)));
      return findings;
    },
  };
}
