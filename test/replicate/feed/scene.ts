import { Feed, type FeedOptions } from '../../../src/replicate/index.ts';
import { createLog, Metrics, silentProgress } from '../../../src/service/index.ts';
import type { Sink } from '../../../src/sink/index.ts';
import { within, type TestDatabase } from '../../kit/index.ts';

/** The payload of a change, as a receiver reads it. */
export interface ReadChange {
  readonly op: string;
  readonly table: string;
  readonly key: Record<string, unknown> | null;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  readonly unchanged?: readonly string[];
  readonly transaction: { xid: number; commitLsn: string; sequence: number; last: boolean };
}

export function readChange(payload: Buffer): ReadChange {
  return JSON.parse(payload.toString('utf8'));
}

/** A feed of the database; its position is kept there too unless `options` say otherwise. */
export function feedOf(here: TestDatabase, sink: Sink, options: Partial<FeedOptions> = {}): Feed {
  const all = { source: here.url, positions: here.url, name: 'feed', ...options };
  return new Feed(all, sink, {
    log: createLog({ level: 'silent' }),
    metrics: new Metrics(),
    progress: silentProgress,
  });
}

/** Started, and following. */
export async function running(feed: Feed): Promise<Feed> {
  feed.start();
  feed.finished.catch(() => undefined); // each test looks at it where it expects something
  await within('the feed to follow', feed.ready, 30_000);
  return feed;
}
