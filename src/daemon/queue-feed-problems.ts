import { z } from 'zod';
import { nearestName } from '../service/index.ts';
import type { ConfigProblem } from './config-problems.ts';

const place = z.object({ database: z.string(), queue: z.string() });
const feed = place.extend({ sink: z.string() });

/** As much of the file as these rules need, whatever else is wrong with it. */
const references = z.object({
  sinks: z.record(z.string(), z.record(z.string(), z.unknown()).catch({})).catch({}),
  queue: z.object({ sinks: z.record(z.string(), z.unknown()).catch({}) }).catch({ sinks: {} }),
});

type Feed = z.output<typeof feed>;

/** Sinks that are not there, queues that go to themselves, and queues whose messages would have the same ids. */
export function findQueueFeedProblems(values: unknown): ConfigProblem[] {
  const { sinks, queue } = references.parse(values);
  const seen = new Map<string, Feed>();
  return Object.entries(queue.sinks).flatMap(([name, settings]) => {
    const parsed = feed.safeParse(settings);
    if (!parsed.success) return [];
    const path = ['queue', 'sinks', name];
    const text = problemOf(parsed.data, sinks, seen);
    return text === undefined ? [] : [{ path: [...path, text.at], text: text.text }];
  });
}

function problemOf(
  one: Feed,
  sinks: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  seen: Map<string, Feed>,
): { at: string; text: string } | undefined {
  const { database, queue, sink } = one;
  const section = sinks[sink];
  if (section === undefined) {
    const nearest = nearestName(sink, Object.keys(sinks));
    const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    return { at: 'sink', text: `no sink ${sink} in [sinks]${hint}` };
  }
  const target = place.safeParse(section['queue']).data;
  if (target?.database === database && target.queue === queue) {
    return { at: 'sink', text: 'is the queue itself' };
  }
  const id = JSON.stringify([queue, sink]);
  const other = seen.get(id) ?? one;
  seen.set(id, other);
  if (other.database === database) return undefined;
  return {
    at: 'queue',
    text: `another database's queue of this name goes to ${sink}: their messages could have the same ids`,
  };
}
