import { describe, expect, it } from 'vitest';
import { expectSameRows, majors, postgres } from '../../kit/index.ts';
import { CopyScene } from './scene.ts';

const shop = `
  CREATE SCHEMA "Shop";
  CREATE TABLE "Shop".customers (
    id int CONSTRAINT customers_pk PRIMARY KEY, email text NOT NULL, region int, during tsrange,
    active bool NOT NULL DEFAULT true,
    CONSTRAINT customers_email UNIQUE (email) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&) WHERE (region > 5));
  CREATE INDEX "lower email" ON "Shop".customers (lower(email) text_pattern_ops DESC, region)
    INCLUDE (active) WITH (fillfactor = 70) WHERE active;
  CREATE INDEX by_sum ON "Shop".customers ((id + region), (length(email)));
  CREATE UNIQUE INDEX known_regions ON "Shop".customers (region) NULLS NOT DISTINCT WHERE region < 0;
  CREATE INDEX in_regions ON "Shop".customers USING hash (region);
  ALTER INDEX "Shop".by_sum ALTER COLUMN 1 SET STATISTICS 77;
  COMMENT ON INDEX "Shop"."lower email" IS 'it''s for \\ searching';
  COMMENT ON INDEX "Shop".customers_pk IS 'the index';
  COMMENT ON CONSTRAINT customers_pk ON "Shop".customers IS 'the key';
  COMMENT ON CONSTRAINT no_overlap ON "Shop".customers IS 'one at a time';
  ALTER TABLE "Shop".customers CLUSTER ON by_sum;

  CREATE TABLE orders (
    id bigint NOT NULL, line int NOT NULL, customer int, parent bigint, parent_line int,
    CONSTRAINT orders_pk PRIMARY KEY (id, line) WITH (fillfactor = 80),
    CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES "Shop".customers
      ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT orders_parent FOREIGN KEY (parent, parent_line) REFERENCES orders MATCH FULL,
    CONSTRAINT positive CHECK (line > 0));
  COMMENT ON CONSTRAINT orders_customer ON orders IS 'who';
  CREATE UNIQUE INDEX orders_identity ON orders (line, id);
  ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_identity;
  ALTER TABLE orders ADD CONSTRAINT not_checked FOREIGN KEY (customer)
    REFERENCES "Shop".customers NOT VALID;`;

const shopRows = `
  INSERT INTO "Shop".customers SELECT i, 'c' || i || '@example.org', i % 5, NULL FROM generate_series(1, 2000) i;
  INSERT INTO orders SELECT i, 1 + i % 3, 1 + i % 2000, NULL FROM generate_series(1, 5000) i`;

const partitioned = `
  CREATE TABLE events (id bigint, at date NOT NULL, kind text, CONSTRAINT events_pk PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
  CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2024-07-01') TO ('2025-01-01')
    PARTITION BY RANGE (id);
  CREATE TABLE events_2_a PARTITION OF events_2 FOR VALUES FROM (0) TO (1000);
  CREATE TABLE events_2_rest PARTITION OF events_2 DEFAULT;
  CREATE INDEX by_kind ON events (kind) INCLUDE (id);
  COMMENT ON INDEX by_kind IS 'all kinds';
  COMMENT ON CONSTRAINT events_pk ON events IS 'the key of all';
  CREATE UNIQUE INDEX only_here ON events_1 (id);
  CREATE TABLE notes (id int PRIMARY KEY, event bigint, at date,
    CONSTRAINT notes_event FOREIGN KEY (event, at) REFERENCES events);
  CREATE TABLE tagged (id int, at date, customer int) PARTITION BY HASH (id);
  CREATE TABLE tagged_0 PARTITION OF tagged FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE tagged_1 PARTITION OF tagged FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  ALTER TABLE tagged ADD CONSTRAINT tagged_customer FOREIGN KEY (customer) REFERENCES notes;`;

const partitionedRows = `
  INSERT INTO events SELECT i, '2024-01-01'::date + i % 366, CASE i % 3 WHEN 0 THEN 'a' ELSE 'b' END
    FROM generate_series(1, 3000) i;
  INSERT INTO notes SELECT i, id, at FROM (SELECT row_number() OVER () i, id, at FROM events LIMIT 500) AS e;
  INSERT INTO tagged SELECT i, now(), 1 + i % 500 FROM generate_series(1, 1000) i`;

/** What was dropped and made again, by the journal. */
async function restoredNames(scene: CopyScene): Promise<string[]> {
  const rows = await scene.target.rows<{ name: string }>(
    `SELECT DISTINCT object_name AS name FROM sluice.dropped_object
      WHERE restored_at IS NOT NULL AND kind IN ('index', 'constraint') ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

describe.each(majors)('indexes and constraints on PostgreSQL %i', (major) => {
  const server = postgres(major);

  it('come back exactly as they were, foreign keys last', async () => {
    const scene = await CopyScene.make({
      source: server,
      target: server,
      sql: shop,
      rows: shopRows,
    });
    const before = await scene.objects();

    const summary = await scene.copy({});

    expect(summary.rows).toBe(7000);
    expect(await scene.states()).toEqual({ 'Shop.customers': 'ready', 'public.orders': 'ready' });
    const foreignKeys = ['orders_customer', 'orders_parent', 'not_checked'];
    expect(await scene.objects()).toEqual(
      before.filter((line) => !foreignKeys.some((key) => line.includes(key))),
    );
    expect(await restoredNames(scene)).toEqual([
      'by_sum',
      'customers_email',
      'customers_pk',
      'in_regions',
      'known_regions',
      'lower email',
      'no_overlap',
      'orders_identity',
      'orders_pk',
    ]);
    expect((await scene.journal()).map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'foreign-key not_checked',
      'foreign-key orders_customer',
      'validate orders_customer',
      'foreign-key orders_parent',
      'validate orders_parent',
    ]);

    await scene.restoreForeignKeys();
    expect(await scene.objects()).toEqual(before);
    expect(await scene.journal()).toEqual([]);
    await expectSameRows(scene.source, scene.target);
  });

  it('of partitioned tables are built leaf by leaf', async () => {
    const scene = await CopyScene.make({
      source: server,
      target: server,
      sql: partitioned,
      rows: partitionedRows,
    });
    const before = await scene.objects();

    await scene.copy();
    expect(await restoredNames(scene)).toEqual(
      expect.arrayContaining([
        'events_1_pkey',
        'events_2_a_kind_id_idx',
        'only_here',
        'notes_pkey',
      ]),
    );
    await scene.restoreForeignKeys();

    expect(await scene.objects()).toEqual(before);
    await expectSameRows(scene.source, scene.target);
  });

  it('stay where something else depends on them', async () => {
    const scene = await CopyScene.make({
      source: server,
      target: server,
      sql: `CREATE TABLE t (id int PRIMARY KEY, a text UNIQUE, b text UNIQUE, c int);
            CREATE INDEX t_c ON t (c)`,
      targetSql: `CREATE TABLE t (id int PRIMARY KEY, a text UNIQUE, b text UNIQUE, c int);
            CREATE INDEX t_c ON t (c);
            CREATE TABLE other (a text REFERENCES t (a));
            CREATE VIEW grouped AS SELECT id, b FROM t GROUP BY id`,
      rows: 'INSERT INTO t SELECT i, i, i, i FROM generate_series(1, 100) i',
    });
    const before = await scene.objects();

    await scene.copy();

    expect(await restoredNames(scene)).toEqual(['t_b_key', 't_c']);
    expect(await scene.objects()).toEqual(before);
  });
});
