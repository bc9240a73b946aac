import * as fc from 'fast-check';
import type { TableShape } from './rows.ts';
import { insertOnlyTables } from './schema.ts';
import { key } from './values.ts';

/** One SQL statement of a transaction. */
export interface Step {
  readonly sql: string;
  /** Breaks a constraint now and then: run under a savepoint, which is itself worth replicating. */
  readonly mayFail: boolean;
}

const safe = (sql: string): Step => ({ sql, mayFail: false });
const risky = (sql: string): Step => ({ sql, mayFail: true });

/** Random statements on one table, as its shape allows. */
export function statementsOn(shape: TableShape): fc.Arbitrary<Step> {
  const kinds: fc.WeightedArbitrary<Step>[] = [
    { weight: 5, arbitrary: insert(shape, 1, 1) },
    { weight: 2, arbitrary: insert(shape, 2, 8) },
  ];
  if (insertOnlyTables.includes(shape.table)) return fc.oneof(...kinds);
  kinds.push(
    { weight: 5, arbitrary: updateSome(shape) },
    { weight: 1, arbitrary: touch(shape) },
    { weight: 1, arbitrary: updateRange(shape) },
    { weight: 3, arbitrary: deleteOne(shape) },
    { weight: 1, arbitrary: deleteRange(shape) },
  );
  if (shape.canChangeKey) kinds.push({ weight: 3, arbitrary: changeKey(shape) });
  return fc.oneof(...kinds);
}

/** Several rows may name one key twice: ON CONFLICT keeps the first. A deferrable key needs it to be named. */
function insert(shape: TableShape, minRows: number, maxRows: number): fc.Arbitrary<Step> {
  const setsKey = shape.table !== 'work.counted';
  const names = [...(setsKey ? shape.key : []), ...Object.keys(shape.columns)];
  const conflict = shape.table === 'work.places' ? 'ON CONFLICT (id)' : 'ON CONFLICT';
  const row = fc
    .tuple(shape.keys, fc.tuple(...Object.values(shape.columns)))
    .map(([keys, cells]) => `(${[...(setsKey ? keys : []), ...cells].join(', ')})`);
  return fc
    .array(row, { minLength: minRows, maxLength: maxRows })
    .map((rows) =>
      risky(
        `INSERT INTO ${shape.table} (${names.join(', ')}) VALUES ${rows.join(', ')} ${conflict} DO NOTHING`,
      ),
    );
}

/** Some columns of the rows with one key; a TOAST value left out arrives as "unchanged". */
function updateSome(shape: TableShape): fc.Arbitrary<Step> {
  return fc
    .tuple(shape.keys, assignments(shape))
    .map(([keys, sets]) => risky(`UPDATE ${shape.table} SET ${sets} WHERE ${named(shape, keys)}`));
}

/** Rows written again as they are: a change on the wire that changes nothing. */
function touch(shape: TableShape): fc.Arbitrary<Step> {
  const column = Object.keys(shape.columns)[0] ?? shape.key[0];
  return fc.constant(safe(`UPDATE ${shape.table} SET ${column} = ${column}`));
}

function updateRange(shape: TableShape): fc.Arbitrary<Step> {
  return fc
    .tuple(shape.keys, assignments(shape))
    .map(([keys, sets]) => risky(`UPDATE ${shape.table} SET ${sets} WHERE ${from(shape, keys)}`));
}

function deleteOne(shape: TableShape): fc.Arbitrary<Step> {
  return shape.keys.map((keys) => safe(`DELETE FROM ${shape.table} WHERE ${named(shape, keys)}`));
}

function deleteRange(shape: TableShape): fc.Arbitrary<Step> {
  return shape.keys.map((keys) => safe(`DELETE FROM ${shape.table} WHERE ${from(shape, keys)}`));
}

function changeKey(shape: TableShape): fc.Arbitrary<Step> {
  return fc.tuple(shape.keys, shape.keys).map(([before, after]) => {
    const sets = shape.key.map((name, i) => `${name} = ${after[i]}`).join(', ');
    return risky(`UPDATE ${shape.table} SET ${sets} WHERE ${named(shape, before)}`);
  });
}

function assignments(shape: TableShape): fc.Arbitrary<string> {
  const each = Object.entries(shape.columns).map(([name, value]) =>
    value.map((sql) => ({ name, sql: `${name} = ${sql}` })),
  );
  return fc
    .uniqueArray(fc.oneof(...each), { minLength: 1, maxLength: 3, selector: ({ name }) => name })
    .map((sets) => sets.map(({ sql }) => sql).join(', '));
}

function named(shape: TableShape, keys: readonly string[]): string {
  return shape.key.map((name, i) => `${name} = ${keys[i]}`).join(' AND ');
}

function from(shape: TableShape, keys: readonly string[]): string {
  return `(${shape.key.join(', ')}) >= (${keys.join(', ')})`;
}

/** Two rows exchange unique values: through a third value, and at once under the deferrable key. */
export const uniqueSwap: fc.Arbitrary<Step> = fc
  .tuple(key, key, fc.boolean())
  .map(([a, b, atOnce]) => {
    if (atOnce) {
      return risky(
        `UPDATE work.places p SET rank = o.rank FROM work.places o
        WHERE p.id IN (${a}, ${b}) AND o.id IN (${a}, ${b}) AND p.id <> o.id`,
      );
    }
    return risky(
      `DO $$ DECLARE seat_a int; seat_b int; BEGIN
       SELECT seat INTO seat_a FROM work.places WHERE id = ${a};
       SELECT seat INTO seat_b FROM work.places WHERE id = ${b};
       UPDATE work.places SET seat = -1 WHERE id = ${a};
       UPDATE work.places SET seat = seat_a WHERE id = ${b};
       UPDATE work.places SET seat = seat_b WHERE id = ${a};
     END $$`,
    );
  });

/** A key leaves and comes back within one transaction. */
export const deleteAndReturn: fc.Arbitrary<Step> = key.map((id) =>
  safe(
    `DO $$ BEGIN
       DELETE FROM work.plain WHERE id = ${id};
       INSERT INTO work.plain (id, a, b) VALUES (${id}, ${id}, 'returned');
       UPDATE work.plain SET big = repeat('r', 5000) WHERE id = ${id};
     END $$`,
  ),
);

/** Hundreds or thousands of changes in one statement. */
export const bulk: fc.Arbitrary<Step> = fc
  .tuple(
    fc.integer({ min: 200, max: 3000 }),
    fc.constantFrom(
      (rows: number) =>
        `INSERT INTO work.plain (id, a, b) SELECT 1000 + i, i, 'bulk ' || i
           FROM generate_series(1, ${rows}) AS i ON CONFLICT (id) DO UPDATE SET a = excluded.a + 1`,
      (rows: number) =>
        `INSERT INTO work.events (id, day, kind, payload)
         SELECT 1000 + i, date '2025-11-01' + i % 200, chr(97 + i % 3), 'bulk ' || i
           FROM generate_series(1, ${rows}) AS i ON CONFLICT DO NOTHING`,
      () => `UPDATE work.plain SET id = id + 100000 WHERE id BETWEEN 1000 AND 99999`,
      () => `DELETE FROM work.plain WHERE id > 1000`,
      () => `UPDATE work.events SET day = day + 180 WHERE id > 1000`,
      () => `DELETE FROM work.events WHERE id > 1000`,
    ),
  )
  .map(([rows, make]) => risky(make(rows)));

export const truncate: fc.Arbitrary<Step> = fc
  .tuple(
    fc.constantFrom(
      'work.plain',
      'work.counted',
      'work.keyless, work.identity_full',
      'work.parent, work.child',
      'work.events',
      'work.events_new_a',
      'work.types, work.composite, work.generated',
    ),
    fc.constantFrom('', ' RESTART IDENTITY'),
  )
  .map(([tables, identity]) => safe(`TRUNCATE ${tables}${identity}`));

/** Reaches work.child through its foreign key. */
export const truncateCascade: fc.Arbitrary<Step> = fc.constant(
  safe('TRUNCATE work.parent CASCADE'),
);

/** Not ours to apply, yet in the stream, inside and outside of transactions. */
export const logicalMessage: fc.Arbitrary<Step> = fc
  .boolean()
  .map((isTransactional) =>
    safe(`SELECT pg_logical_emit_message(${isTransactional}, 'workload', 'hello')`),
  );
