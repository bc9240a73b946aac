import * as fc from 'fast-check';
import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { majors, postgres, type TestDatabase } from '../../kit/index.ts';
import { compact, queueDatabase } from './queues.ts';

const writers = 3;
const consumers = ['a', 'b'];

type Step =
  | {
      readonly do: 'begin' | 'insert' | 'commit' | 'rollback';
      readonly writer: number;
      readonly level: string;
    }
  | { readonly do: 'next' | 'finish' | 'retry'; readonly consumer: number }
  | { readonly do: 'tick' | 'tick eagerly' | 'step 1' | 'step 2' | 'move retried' | 'compact' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: stepOf('begin', 'insert', 'insert', 'commit', 'rollback') },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('next' as const, 'finish' as const, 'retry' as const),
      consumer: fc.nat(consumers.length - 1),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'tick' as const,
        'tick eagerly' as const,
        'step 1' as const,
        'step 2' as const,
        'move retried' as const,
        'compact' as const,
      ),
    }),
  },
);

function stepOf(...names: ('begin' | 'insert' | 'commit' | 'rollback')[]) {
  return fc.record({
    do: fc.constantFrom(...names),
    writer: fc.nat(writers - 1),
    level: fc.constantFrom('read committed', 'repeatable read', 'serializable'),
  });
}

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('each committed event is in one batch of each consumer, and once more for each retry', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80 }), async (steps) => {
        const world = await World.create(await queueDatabase(server));
        for (const each of steps) await world.take(each);
        await world.settle();
        for (const consumer of consumers) {
          expect(world.seenBy(consumer)).toEqual(world.expectedBy(consumer));
        }
        await world.close();
      }),
      { numRuns: 12 },
    );
  });
});

interface Writer {
  readonly client: Client;
  isOpen: boolean;
  pending: string[];
}

interface Batch {
  readonly id: string;
  readonly events: { ev_id: string; ev_data: string }[];
}

/** Sessions that take steps in one order, and what must come of them. */
class World {
  readonly #database: TestDatabase;
  readonly #writers: Writer[] = [];
  readonly #open = new Map<string, Batch>();
  readonly #seen = new Map<string, string[]>(consumers.map((consumer) => [consumer, []]));
  readonly #retried = new Map<string, string[]>(consumers.map((consumer) => [consumer, []]));
  readonly #committed: string[] = [];
  #inserted = 0;

  private constructor(database: TestDatabase) {
    this.#database = database;
  }

  static async create(database: TestDatabase): Promise<World> {
    const world = new World(database);
    for (let nr = 0; nr < writers; nr += 1) {
      world.#writers.push({ client: await database.client(), isOpen: false, pending: [] });
    }
    for (const consumer of consumers) {
      await database.query(`select pgq.register_consumer('q', $1)`, [consumer]);
    }
    return world;
  }

  async take(step: Step): Promise<void> {
    if ('writer' in step) return this.#write(step.do, this.#writers[step.writer]!, step.level);
    if ('consumer' in step) return this.#consume(step.do, consumers[step.consumer]!);
    return this.#maintain(step.do);
  }

  async settle(): Promise<void> {
    for (const writer of this.#writers) await this.#write('commit', writer, '');
    await this.#database.query(`update pgq.retry_queue set ev_retry_after = now()`);
    for (let round = 0; round < 3; round += 1) {
      await this.#maintain('move retried');
      await this.#maintain('tick');
      for (const consumer of consumers) {
        do {
          await this.#consume('finish', consumer);
          await this.#consume('next', consumer);
        } while (this.#open.has(consumer));
      }
    }
  }

  seenBy(consumer: string): string[] {
    return this.#seen.get(consumer)!.toSorted();
  }

  expectedBy(consumer: string): string[] {
    return [...this.#committed, ...this.#retried.get(consumer)!].toSorted();
  }

  async close(): Promise<void> {
    for (const { client } of this.#writers) await client.end();
  }

  async #write(what: string, writer: Writer, level: string): Promise<void> {
    if (what === 'begin' && !writer.isOpen) {
      await writer.client.query(`begin isolation level ${level}`);
      await writer.client.query('select count(*) from pgq.queue');
      writer.isOpen = true;
    }
    if (what === 'insert') {
      const data = `event ${(this.#inserted += 1)}`;
      await writer.client.query(`select pgq.insert_event('q', 'type', $1)`, [data]);
      (writer.isOpen ? writer.pending : this.#committed).push(data);
    }
    if ((what === 'commit' || what === 'rollback') && writer.isOpen) {
      await writer.client.query(what);
      if (what === 'commit') this.#committed.push(...writer.pending);
      writer.pending = [];
      writer.isOpen = false;
    }
  }

  async #consume(what: string, consumer: string): Promise<void> {
    const batch = this.#open.get(consumer);
    if (what === 'next') return this.#next(consumer);
    if (batch === undefined) return;
    if (what === 'finish') {
      expect(await this.#database.value('select pgq.finish_batch($1)', [batch.id])).toBe(1);
      this.#seen.get(consumer)!.push(...batch.events.map((event) => event.ev_data));
      this.#open.delete(consumer);
    }
    const event = batch.events[0];
    if (what === 'retry' && event !== undefined) {
      const sql = 'select pgq.event_retry($1::bigint, $2::bigint, 0)';
      const isNew = await this.#database.value<number>(sql, [batch.id, event.ev_id]);
      if (isNew === 1) this.#retried.get(consumer)!.push(event.ev_data);
    }
  }

  /** A batch that is open is returned again, with the same events. */
  async #next(consumer: string): Promise<void> {
    const id = await this.#database.value<string | null>(`select pgq.next_batch('q', $1)`, [
      consumer,
    ]);
    const before = this.#open.get(consumer);
    if (before !== undefined) expect(id).toBe(before.id);
    if (id === null) return;
    const sql = 'select ev_id, ev_data from pgq.get_batch_events($1)';
    const events = await this.#database.rows<{ ev_id: string; ev_data: string }>(sql, [id]);
    if (before !== undefined) expect(events).toEqual(before.events);
    this.#open.set(consumer, { id, events });
  }

  async #maintain(what: string): Promise<void> {
    const database = this.#database;
    if (what === 'tick') {
      await database.query(`select pgq.force_tick('q')`);
      await database.query(`select pgq.ticker('q')`);
    }
    if (what === 'tick eagerly') await database.query('select pgq.tick_eagerly(array[1])');
    if (what === 'step 1') await database.query(`select pgq.maint_rotate_tables_step1('q')`);
    if (what === 'step 2') await database.query('select pgq.maint_rotate_tables_step2()');
    if (what === 'move retried') await database.query('select pgq.maint_retry_events()');
    if (what === 'compact') {
      for (const log of ['tick_log', 'position_log', 'retry_queue']) await compact(database, log);
    }
  }
}
