import { describe, expect, it } from 'vitest';
import { readTables, type Index, type Table } from '../../src/catalog/index.ts';
import { majors, postgres, type TestDatabase } from '../kit/index.ts';

const structure = `
  create schema shop;
  create table shop.orders (
    id int constraint pk primary key using index tablespace pg_default, code text not null, at date,
    room int, span int4range, note text,
    constraint one_code unique (code) deferrable initially deferred,
    constraint no_overlap exclude using gist (span with &&) where (note is null));
  create index by_note on shop.orders (lower(note) desc nulls last, at) include (code)
    with (fillfactor = 70) where note <> 'x';
  create unique index nulls_once on shop.orders (at) nulls not distinct;
  create index brin_at on shop.orders using brin (at) with (pages_per_range = 4);
  comment on index shop.by_note is 'it''s by note';
  comment on constraint pk on shop.orders is 'the key';
  alter index shop.by_note alter column 1 set statistics 250;
  alter table shop.orders cluster on pk;
  create view shop.grouped as select id, code, at from shop.orders group by id;
  create table shop.lines (
    order_id int constraint to_orders references shop.orders on delete set null on update cascade
      deferrable, n int);
  alter table shop.lines add constraint unchecked foreign key (n) references shop.orders not valid;
  comment on constraint to_orders on shop.lines is 'owner';
  create table shop.event (id int, at date) partition by range (at);
  create table shop.event_1 partition of shop.event for values from ('2024-01-01') to ('2025-01-01');
  create index by_at on shop.event (at);
  create index leaf_only on shop.event_1 (id);
`;

describe.each(majors)('indexes and foreign keys on PostgreSQL %i', (major) => {
  const server = postgres(major);

  async function shop(more = ''): Promise<Map<string, Table>> {
    const db = await server.database(structure);
    await db.query(`set search_path = ''; ${more}`);
    return await read(db);
  }

  it('are told with all that their definitions leave out', async () => {
    const orders = (await shop()).get('orders');
    const index = (name: string): Index | undefined =>
      orders?.indexes.find((one) => one.name === name);
    expect(index('by_note')).toMatchObject({
      definition:
        'CREATE INDEX by_note ON shop.orders USING btree (lower(note) DESC NULLS LAST, at) INCLUDE (code)' +
        " WITH (fillfactor='70') WHERE (note <> 'x'::text)",
      comment: "it's by note",
      statisticsTargets: [{ number: 1, target: 250 }],
      columns: ['at'],
      hasExpressions: true,
      constraint: null,
      isValid: true,
    });
    expect(index('pk')).toMatchObject({
      isPrimary: true,
      isClustered: true,
      constraint: {
        kind: 'p',
        comment: 'the key',
        dependents: [expect.stringContaining('shop.grouped')],
      },
    });
    expect(index('one_code')).toMatchObject({
      isUnique: true,
      isImmediate: false,
      constraint: { kind: 'u', isDeferrable: true, isDeferred: true, dependents: [] },
    });
    expect(index('no_overlap')).toMatchObject({
      isExclusion: true,
      isUnique: false,
      constraint: {
        kind: 'x',
        definition: 'EXCLUDE USING gist (span WITH &&) WHERE ((note IS NULL))',
      },
    });
    expect(index('nulls_once')).toMatchObject({ nullsNotDistinct: true, isUnique: true });
    expect(index('brin_at')).toMatchObject({ method: 'brin', statisticsTargets: [] });
  });

  it('of partitions say whether they can be dropped by themselves', async () => {
    const tables = await shop();
    const facts = (name: string): unknown =>
      tables.get(name)?.indexes.map((one) => [one.name, one.isPartitioned, one.isAttached]);
    expect(facts('event')).toEqual([['by_at', true, false]]);
    expect(facts('event_1')).toEqual([
      ['event_1_at_idx', false, true],
      ['leaf_only', false, false],
    ]);
  });

  it('are told from both ends', async () => {
    const tables = await shop();
    expect(tables.get('lines')?.foreignKeys).toMatchObject([
      {
        name: 'to_orders',
        isValidated: true,
        isDeferrable: true,
        onDelete: 'n',
        onUpdate: 'c',
        comment: 'owner',
        definition:
          'FOREIGN KEY (order_id) REFERENCES shop.orders(id) ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE',
      },
      { name: 'unchecked', isValidated: false, isEnforced: true },
    ]);
    expect(tables.get('orders')?.referencedBy.map((key) => key.name)).toEqual([
      'to_orders',
      'unchecked',
    ]);
  });

  it('of an index that is not finished is told as invalid', async () => {
    const db = await server.database(structure);
    await db.query("insert into shop.lines (n) values (null), (null); set search_path = ''");
    const failing = 'create unique index concurrently broken on shop.lines ((n is null))';
    await expect(db.query(failing)).rejects.toMatchObject({ code: '23505' });
    const lines = (await read(db)).get('lines');
    expect(lines?.indexes).toMatchObject([{ name: 'broken', isValid: false }]);
    expect(lines?.uniqueIndexes).toEqual([]);
  });

  it.runIf(major >= 18)('of 18 are known: temporal keys, keys not enforced', async () => {
    const tables = await shop(`
      create table shop.booking (room int4range, during daterange, primary key (room, during without overlaps));
      alter table shop.lines add constraint loose foreign key (n) references shop.orders not enforced`);
    expect(tables.get('booking')?.indexes).toMatchObject([
      { isPrimary: true, constraint: { isWithoutOverlaps: true } },
    ]);
    const loose = tables.get('lines')?.foreignKeys.find((key) => key.name === 'loose');
    expect(loose).toMatchObject({ isEnforced: false });
    expect(loose?.definition).toContain('NOT ENFORCED');
  });
});

async function read(db: TestDatabase): Promise<Map<string, Table>> {
  const tables = await readTables(db, { include: ['shop.*'] });
  return new Map(tables.map((table) => [table.name, table]));
}
