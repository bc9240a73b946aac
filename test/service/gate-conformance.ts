import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { isSluiceError } from '../../src/errors/index.ts';
import type { Gate, GateTarget } from '../../src/service/index.ts';
import { waitFor, within } from '../kit/index.ts';

/** A gate between clients and two databases, both with a table `seen (n int)`. */
export interface GateUnderTest {
  readonly gate: Gate;
  /** A new client that comes through the gate. */
  readonly connect: () => Promise<Client>;
  /** Where the gate leads at first, and the other place; each with what its clients read there. */
  readonly here: { readonly name: string };
  readonly there: { readonly name: string; readonly target: GateTarget };
  /** Rows of `seen` in both databases together. */
  readonly seen: () => Promise<number[]>;
}

const deadlineMs = 10_000;

/** What every gate keeps, whatever holds the traffic. `make` gives a fresh one; it is called once a test. */
export function describeGate(name: string, make: () => Promise<GateUnderTest>): void {
  describe(`${name} keeps the gate contract`, () => {
    test('pauses when the open transaction has ended, holds new ones, and lets them go', async () => {
      const { gate, connect, here } = await make();
      const [busy, other] = [await connect(), await connect()];
      await busy.query('BEGIN');
      await other.query('SELECT 1');

      const pausing = gate.pause(deadlineMs);
      await expectPending(pausing);
      const held = nameOf(other);
      await expectPending(held);
      await busy.query('COMMIT');
      await within('the pause', pausing);
      await expectPending(held);
      await gate.resume();

      expect(await within('the held query', held)).toBe(here.name);
    });

    test('leads waiting and idle clients to the other place, connected all the time', async () => {
      const { gate, connect, there } = await make();
      const [waiting, idle] = [await connect(), await connect()];
      await idle.query('SELECT 1');

      await gate.pause(deadlineMs);
      const held = nameOf(waiting);
      await gate.redirect(there.target);
      await expectPending(held);
      await gate.resume();

      expect(await within('the held query', held)).toBe(there.name);
      expect(await nameOf(idle)).toBe(there.name);
      expect(await nameOf(await connect())).toBe(there.name);
    });

    test('lets traffic flow again when a transaction outlives the deadline', async () => {
      const { gate, connect, here } = await make();
      const [busy, other] = [await connect(), await connect()];
      await busy.query('BEGIN');

      await expect(gate.pause(300)).rejects.toSatisfy((error) =>
        isSluiceError(error, 'GATE_DRAIN_TIMEOUT'),
      );

      expect(await within('a query after it', nameOf(other))).toBe(here.name);
      await busy.query('COMMIT');
    });

    test('leads back when the switch is aborted', async () => {
      const { gate, connect, here, there } = await make();
      const client = await connect();
      await gate.pause(deadlineMs);
      await gate.redirect(there.target);
      const held = nameOf(client);
      await gate.abort();
      expect(await within('the held query', held)).toBe(here.name);
    });

    test('refuses to lead elsewhere while traffic flows', async () => {
      const { gate, there } = await make();
      await expect(gate.redirect(there.target)).rejects.toSatisfy((error) =>
        isSluiceError(error, 'GATE_NOT_PAUSED'),
      );
    });

    test('may be told everything twice', async () => {
      const { gate, connect, there } = await make();
      const client = await connect();
      await gate.resume();
      await gate.pause(deadlineMs);
      await gate.pause(deadlineMs);
      await gate.redirect(there.target);
      await gate.redirect(there.target);
      await gate.resume();
      await gate.resume();
      await gate.abort();
      expect(await nameOf(client)).toBe(there.name);
    });

    test('loses nothing that was acknowledged, and fails no client', async () => {
      const { gate, connect, there, seen } = await make();
      const acknowledged: number[] = [];
      const writers = await Promise.all([0, 1, 2].map(async (i) => write(await connect(), i)));
      await waitFor('writes before the switch', () => acknowledged.length > 20);
      await gate.pause(deadlineMs);
      await gate.redirect(there.target);
      await gate.resume();
      const before = acknowledged.length;
      await waitFor('writes after the switch', () => acknowledged.length > before + 20);
      for (const writer of writers) writer.stop();
      await Promise.all(writers.map(({ done }) => done));
      expect(await seen()).toEqual(acknowledged.toSorted((a, b) => a - b));

      function write(client: Client, i: number): { stop: () => void; done: Promise<void> } {
        const stopping = new AbortController();
        async function loop(): Promise<void> {
          for (let n = i; !stopping.signal.aborted; n += 3) {
            await client.query('INSERT INTO seen VALUES ($1)', [n]);
            acknowledged.push(n);
          }
        }
        return { stop: () => stopping.abort(), done: loop() };
      }
    });
  });
}

async function nameOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('SELECT current_database() AS name');
  return rows[0]!.name;
}

/** Looks a few turns of the loop and one round trip later. */
async function expectPending(promise: Promise<unknown>): Promise<void> {
  const still = Symbol('pending');
  const { promise: later, resolve } = Promise.withResolvers<typeof still>();
  setTimeout(() => resolve(still), 150);
  expect(await Promise.race([promise, later])).toBe(still);
}
