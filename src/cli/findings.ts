import { feedOptions } from '../daemon/index.ts';
import {
  checkFeedSource,
  checkReplication,
  defaultName,
  type ReplicationOptions,
} from '../replicate/index.ts';
import type { Finding } from '../service/index.ts';
import { Session } from '../session/index.ts';
import type { FoundPipeline } from './pipelines.ts';
import { oneLine } from './progress/text.ts';

/** Asks both sides, changes nothing; a target that is a sink has a check of its own. */
export function checkPipeline(
  { options, sink }: FoundPipeline,
  signal: AbortSignal,
): Promise<Finding[]> {
  if (sink === undefined) return checkDatabases(options, signal);
  return checkFeedSource(feedOptions(options), signal);
}

async function checkDatabases(
  options: ReplicationOptions,
  signal: AbortSignal,
): Promise<Finding[]> {
  const connect = { purpose: 'check', signal };
  const source = await Session.connect(options.source, {
    ...connect,
    side: 'source',
  });
  try {
    const target = await Session.connect(options.target, {
      ...connect,
      side: 'target',
    });
    try {
      return await checkReplication({
        source,
        target,
        pipeline: options.name ?? defaultName(options),
        tables: options.tables ?? [],
        tablesWithoutKey: options.tablesWithoutKey ?? 'refuse',
      });
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** Two lines a finding, what blocks first: what was seen where, and what to do. */
export function describeFindings(findings: readonly Finding[]): string {
  return findings
    .toSorted((a, b) => rank(a) - rank(b))
    .map(
      (finding) =>
        `${finding.severity === 'blocks' ? 'blocks' : 'warns '} ${finding.code} ${oneLine(finding.subject)}: ` +
        `${oneLine(finding.evidence)}\n       ${oneLine(finding.remedy)}\n`,
    )
    .join('');
}

function rank(finding: Finding): number {
  return finding.severity === 'blocks' ? 0 : 1;
}
