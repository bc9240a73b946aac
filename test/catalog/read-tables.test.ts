import { describe, expect, it } from 'vitest';
import { readTables, readTablesByOid, type Table } from '../../src/catalog/index.ts';
import { majors, postgres, type TestDatabase } from '../kit/index.ts';

const structure = `
  create schema shop; create schema "Odd Schema";
  create type shop.mood as enum ('sad', 'ok');
  create domain shop.email as varchar(80) not null check (value like '%@%');
  create type shop.pair as (n numeric(6,2), moods shop.mood[]);
  create type shop.span as range (subtype = timestamptz);
  create table shop.customer (
    id int generated always as identity primary key,
    gone text,
    email shop.email,
    mood shop.mood default 'ok',
    pair shop.pair,
    spans shop.span[],
    emails shop.email[],
    kind regclass,
    kinds regtype[],
    name varchar(20) collate "C" not null,
    shout text generated always as (upper(name)) stored,
    acl aclitem);
  alter table shop.customer drop column gone;
  create table shop.orders (
    id bigserial, customer int not null references shop.customer on delete cascade,
    code text not null, at timestamptz(3) not null default now(), note text,
    primary key (id), unique (code) deferrable initially deferred);
  create unique index orders_code_customer on shop.orders (code, customer) include (note);
  create index orders_lower on shop.orders (lower(code)) where note is not null;
  alter table shop.orders replica identity using index orders_code_customer;
  create table shop.log (line text);
  alter table shop.log replica identity full;
  create table shop.plain (line text);
  create table shop.lazy (id int primary key deferrable);
  create unlogged table shop.scratch (id int primary key);
  create table shop.event (id int, at date, primary key (id, at)) partition by range (at);
  create table shop.event_1 partition of shop.event for values from ('2024-01-01') to ('2025-01-01');
  create table shop.event_2 partition of shop.event for values from ('2025-01-01') to ('2026-01-01')
    partition by list (id);
  create table shop.event_2a partition of shop.event_2 default;
  create table shop.base (id int); create table shop.derived (extra int) inherits (shop.base);
  create table "Odd Schema"."Odd ""Table""" ("Ä" int primary key);
  create temp table temporary (id int);
  create function shop.noop() returns trigger language plpgsql as 'begin return new; end';
  create trigger t1 before insert on shop.log for each row execute function shop.noop();
  create trigger t2 after insert on shop.log for each row execute function shop.noop();
  alter table shop.log enable always trigger t2;
  alter table shop.plain enable row level security;
  create schema sluice; create table sluice.pipeline (name text);
  create schema pgq; create table pgq.event_1_0 (ev_id bigint);
`;

async function read(db: TestDatabase, ...include: string[]): Promise<Map<string, Table>> {
  const tables = await readTables(db, { include });
  return new Map(tables.map((table) => [table.name, table]));
}

describe.each(majors)('reading tables on PostgreSQL %i', (major) => {
  const server = postgres(major);

  async function shop(): Promise<TestDatabase> {
    const db = await server.database(structure);
    await db.query("set search_path = ''");
    return db;
  }

  it('tells of columns what a copy must know', async () => {
    const customer = (await read(await shop(), 'shop.customer')).get('customer');
    const columns = new Map(customer?.columns.map((column) => [column.name, column]));
    expect([...columns.keys()]).not.toContain('gone');
    expect(columns.get('id')).toMatchObject({
      number: 1,
      typeName: 'pg_catalog.int4',
      identity: 'a',
      isNotNull: true,
    });
    expect(columns.get('email')).toMatchObject({
      number: 3,
      typeName: 'shop.email',
      typeKind: 'd',
      shape: 'varchar',
      effectiveModifier: 84,
      isNotNull: true,
      hasBinary: true,
      collation: 'pg_catalog."default"',
    });
    expect(columns.get('mood')).toMatchObject({
      shape: 'enum',
      enums: [['sad', 'ok']],
      hasDefault: true,
    });
    expect(columns.get('pair')).toMatchObject({
      shape: '(numeric:393222,enum[])',
      hasBinary: true,
      typeKind: 'c',
    });
    expect(columns.get('spans')).toMatchObject({ shape: 'range<timestamptz>[]' });
    expect(columns.get('emails')).toMatchObject({ shape: 'varchar[]', isReg: false });
    expect(columns.get('kind')).toMatchObject({ isReg: true, hasBinary: true });
    expect(columns.get('kinds')).toMatchObject({ isReg: true });
    expect(columns.get('name')).toMatchObject({
      displayType: 'character varying(20)',
      typeModifier: 24,
      collation: 'pg_catalog."C"',
    });
    expect(columns.get('shout')).toMatchObject({ generated: 's', hasDefault: false });
    expect(columns.get('acl')).toMatchObject({ hasBinary: false });
  });

  it('tells of keys what apply must know', async () => {
    const tables = await read(await shop());
    expect(tables.get('orders')).toMatchObject({
      primaryKey: ['id'],
      replicaIdentity: 'i',
      replicaIdentityColumns: ['code', 'customer'],
    });
    const orders = tables.get('orders');
    expect(orders?.uniqueIndexes.map((index) => [index.name, index.isImmediate])).toEqual([
      ['orders_pkey', true],
      ['orders_code_customer', true],
      ['orders_code_key', false],
    ]);
    const lower = orders?.indexes.find((index) => index.name === 'orders_lower');
    expect(lower).toMatchObject({ columns: [], hasExpressions: true, isUnique: false });
    expect(lower?.predicate).toContain('note IS NOT NULL');
    expect(orders?.foreignKeys).toMatchObject([
      { columns: ['customer'], referenced: { schema: 'shop', name: 'customer' }, onDelete: 'c' },
    ]);
    expect(tables.get('customer')?.referencedBy).toMatchObject([{ table: { name: 'orders' } }]);
    expect(tables.get('customer')?.replicaIdentityColumns).toEqual(['id']);
    expect(tables.get('log')?.replicaIdentityColumns).toEqual(['line']);
    expect(tables.get('plain')?.replicaIdentityColumns).toEqual([]);
    expect(tables.get('lazy')?.replicaIdentityColumns).toEqual([]);
  });

  it('tells which replica identity the server itself takes', async () => {
    const db = await shop();
    await db.query('create publication everything for all tables');
    for (const table of await readTables(db, { include: ['shop.*'] })) {
      if (table.kind === 'p' || table.persistence === 'u') continue;
      const column = table.columns.find((column) => column.generated === '' && !column.identity)!;
      const update = `update shop.${table.name} set ${column.name} = ${column.name} where false`;
      const accepted = await db.query(update).then(
        () => true,
        (error: { code: string }) => error.code !== '55000',
      );
      expect([table.name, accepted]).toEqual([table.name, table.replicaIdentityColumns.length > 0]);
    }
  });

  it('knows partitions, roots and inheritance', async () => {
    const tables = await read(await shop(), 'shop.event', 'shop.base', 'shop.derived');
    expect([...tables.keys()]).toEqual([
      'base',
      'derived',
      'event',
      'event_1',
      'event_2',
      'event_2a',
    ]);
    const oid = (name: string): number | undefined => tables.get(name)?.oid;
    expect(tables.get('event')).toMatchObject({ kind: 'p', isPartition: false, rootOid: null });
    expect(tables.get('event')?.partitionKey).toBe('RANGE (at)');
    expect(tables.get('event_2a')).toMatchObject({
      kind: 'r',
      isPartition: true,
      parentOid: oid('event_2'),
      rootOid: oid('event'),
      partitionBound: 'DEFAULT',
    });
    expect(tables.get('event_1')?.indexes).toMatchObject([{ isAttached: true }]);
    expect(tables.get('event')?.indexes).toMatchObject([
      { isPartitioned: true, isAttached: false },
    ]);
    expect(tables.get('derived')?.inheritsFrom).toEqual([oid('base')]);
    expect(tables.get('base')).toMatchObject({ hasChildren: true, isPartition: false });
  });

  it('leaves out what is not to be moved, and what is excluded with its partitions', async () => {
    const db = await shop();
    const names = (await readTables(db)).map((table) => `${table.schema}.${table.name}`);
    expect(names).toContain('Odd Schema.Odd "Table"');
    expect(names.filter((name) => /temporary|pg_|^sluice|^pgq/u.test(name))).toEqual([]);
    const excluded = await readTables(db, {
      include: ['shop.event'],
      exclude: ['shop.event_2'],
    });
    expect(excluded.map((table) => table.name)).toEqual(['event', 'event_1']);
  });

  it('leaves out the tables of extensions', async () => {
    const db = await shop();
    await db.query(`alter extension plpgsql add table shop.log`);
    expect((await read(db)).has('log')).toBe(false);
    await db.query('alter extension plpgsql drop table shop.log');
  });

  it('reads sizes, triggers and row security', async () => {
    const db = await shop();
    await db.query("insert into shop.log select repeat('x', 100) from generate_series(1, 1000)");
    await db.query('analyze shop.log');
    const tables = await read(db);
    const log = tables.get('log');
    expect(log).toMatchObject({ estimatedRows: 1000, rowSecurity: false });
    expect(log?.heapBytes).toBe((log?.blocks ?? 0) * 8192);
    expect(log?.totalBytes).toBeGreaterThanOrEqual(log?.heapBytes ?? 0);
    expect(log?.triggers.map((trigger) => [trigger.name, trigger.enabled])).toEqual([
      ['t1', 'O'],
      ['t2', 'A'],
    ]);
    expect(tables.get('scratch')).toMatchObject({ persistence: 'u' });
    expect(tables.get('plain')).toMatchObject({ rowSecurity: true, isRowSecurityActive: false });
    expect(tables.get('plain')?.estimatedRows).toBeNull();
    const again = await readTablesByOid(db, [log?.oid ?? 0, 4_000_000_000]);
    expect(again).toEqual([log]);
    expect(await readTablesByOid(db, [])).toEqual([]);
  });
});
