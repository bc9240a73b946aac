import { jobFindingSpecs } from '../../src/jobs/index.ts';
import { poolFindingSpecs } from '../../src/pool/index.ts';
import { queueFindingSpecs } from '../../src/queue/index.ts';
import { findingSpecs } from '../../src/replicate/index.ts';
import { sinkFindingSpecs } from '../../src/sink/index.ts';
import { generatedNotice, joinBlocks } from './markdown.ts';

type FindingSpec = (typeof findingSpecs)[string];

export function describeFindings(): string {
  const all = {
    ...findingSpecs,
    ...poolFindingSpecs,
    ...queueFindingSpecs,
    ...jobFindingSpecs,
    ...sinkFindingSpecs,
  };
  const specs = Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const of = (severity: FindingSpec['severity']) =>
    specs.filter(([, spec]) => spec.severity === severity).map(describeFinding);
  return joinBlocks([
    generatedNotice(
      'src/replicate/check/, src/pool/check-findings.ts, src/queue/check/findings.ts, src/jobs/check-findings.ts and ' +
        'src/sink/finding.ts',
    ),
    '# Findings of a check',
    'For who ran `sluice check` or `sluice pool check`, or was refused by `sluice replicate run`, and wants to know more ' +
      'about a finding. Every ' +
      'finding has a code that does not change, says what was seen where, and what to do. `{...}` is filled in when it ' +
      'is found.',
    '## What blocks',
    'Nothing starts before these are gone.',
    ...of('blocks'),
    '## What warns',
    'Work starts; these are to know before it does.',
    ...of('warns'),
  ]);
}

function describeFinding([code, { meaning, remedy }]: [string, FindingSpec]): string {
  return `### ${code}\n\n${meaning}\n\nWhat to do: ${remedy}.`;
}
