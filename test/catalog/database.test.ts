import { describe, expect, it } from 'vitest';
import {
  countLargeObjects,
  readDatabase,
  readOpenTransactions,
  readPublications,
  readRole,
  readSequences,
  readTablePrivileges,
  readTables,
  readUncovered,
} from '../../src/catalog/index.ts';
import { majors, postgres } from '../kit/index.ts';

const structure = `
  create schema shop;
  create table shop.orders (id serial primary key, n bigint generated always as identity, note text);
  create sequence shop.free as smallint increment -2 minvalue -9 maxvalue -1 cycle;
  create unlogged table shop.scratch (id int);
  create materialized view shop.sums as select 1 as one;
`;

describe.each(majors)('a database on PostgreSQL %i', (major) => {
  const server = postgres(major, { max_prepared_transactions: 5 });

  it('tells what its server is and allows', async () => {
    const db = await server.database();
    const database = await readDatabase(db);
    expect(database).toMatchObject({
      major,
      name: db.name,
      encoding: 'UTF8',
      isStandby: false,
      isReadOnly: false,
      walLevel: 'logical',
      usedReplicationSlots: 0,
      usedWalSenders: 0,
      maxSlotWalKeepMb: -1,
      idleSlotTimeoutS: major >= 18 ? 0 : null,
      port: server.port,
      blockSize: 8192,
    });
    expect(database.systemId).toMatch(/^\d{15,}$/u);
    expect(Math.abs(database.startedAtUs / 1000 - Date.now())).toBeLessThan(600_000);
    expect(database.databaseBytes).toBeGreaterThan(1e6);
  });

  it('counts slots', async () => {
    const db = await server.database();
    await db.query("select pg_create_logical_replication_slot('counted', 'pgoutput')");
    const { usedReplicationSlots } = await readDatabase(db);
    await db.query("select pg_drop_replication_slot('counted')");
    expect(usedReplicationSlots).toBe(1);
  });

  it('has sequences, owned or free, with their values', async () => {
    const db = await server.database(structure);
    await db.query("select nextval('shop.free'), nextval('shop.free')");
    expect(await readSequences(db)).toMatchObject([
      {
        name: 'free',
        typeName: 'smallint',
        increment: '-2',
        cycles: true,
        lastValue: '-3',
        ownedBy: null,
      },
      {
        name: 'orders_id_seq',
        lastValue: null,
        ownedBy: { schema: 'shop', name: 'orders', column: 'id', isIdentity: false },
      },
      {
        name: 'orders_n_seq',
        maximum: '9223372036854775807',
        ownedBy: { column: 'n', isIdentity: true },
      },
    ]);
  });

  it('has publications of tables, schemas and everything', async () => {
    const db = await server.database(structure);
    await db.query(`
      create publication few for table only shop.orders (id, note) where (id > 5)
        with (publish = 'insert, truncate');
      create publication schemas for tables in schema shop with (publish_via_partition_root);
      create publication whole for all tables`);
    expect(await readPublications(db)).toMatchObject([
      {
        name: 'few',
        insert: true,
        update: false,
        truncate: true,
        isOurs: true,
        generatedColumns: 'n',
        tables: [{ schema: 'shop', name: 'orders', filter: '(id > 5)', columns: ['id', 'note'] }],
      },
      { name: 'schemas', schemas: ['shop'], viaRoot: true, allTables: false, tables: [] },
      { name: 'whole', allTables: true },
    ]);
  });

  it('has what no movement of tables carries', async () => {
    const db = await server.database(structure);
    await db.query('select lo_create(0), lo_create(0)');
    expect(await countLargeObjects(db)).toBe(2);
    expect(await readUncovered(db)).toEqual([
      { kind: 'materialized view', schema: 'shop', name: 'sums' },
      { kind: 'unlogged table', schema: 'shop', name: 'scratch' },
    ]);
  });

  it('has open transactions, told to every role, prepared ones too', async () => {
    const db = await server.database(structure);
    const [writer, reader] = [await db.client(), await db.client()];
    await writer.query("begin; insert into shop.orders (note) values ('a')");
    await reader.query('begin; select from shop.orders');
    await db.query("begin; insert into shop.orders (note) values ('b'); prepare transaction 'p'");
    const opened = await readOpenTransactions(db);
    await db.query('create role nobody; set role nobody');
    const asNobody = await readOpenTransactions(db);
    await db.query('reset role; drop role nobody');
    await db.query("rollback prepared 'p'");
    await Promise.all([writer.query('rollback'), reader.query('rollback')]);
    expect(opened.map((one) => [one.gid, one.database, typeof one.pid])).toEqual([
      [null, db.name, 'number'],
      ['p', db.name, 'object'],
    ]);
    expect(opened[0]?.ageS).toBeGreaterThan(0);
    expect(asNobody).toHaveLength(2);
    expect(await readOpenTransactions(db)).toEqual([]);
  });

  it('tells a role what it may do', async () => {
    const db = await server.database(structure);
    expect(await readRole(db)).toMatchObject({
      isSuperuser: true,
      canReplicate: true,
      canSetReplicationRole: true,
      ledger: null,
    });
    await db.query(`create role limited; grant select (id, n, note), insert on shop.orders to limited;
      grant usage on schema shop to limited; set role limited`);
    const role = await readRole(db);
    const tables = await readTables(db, { include: ['shop.orders'] });
    const privileges = await readTablePrivileges(db, [tables[0]?.oid ?? 0]);
    await db.query(
      'reset role; revoke select (note) on shop.orders from limited; set role limited',
    );
    const partial = await readTablePrivileges(db, [tables[0]?.oid ?? 0]);
    await db.query('reset role; drop owned by limited; drop role limited');
    expect(role).toEqual({
      name: 'limited',
      isSuperuser: false,
      canReplicate: false,
      bypassesRowSecurity: false,
      canCreateInDatabase: false,
      canCreateTemporary: true,
      canReadAllStats: false,
      canSetReplicationRole: false,
      ledger: null,
    });
    expect([...privileges.values()]).toMatchObject([
      {
        isOwner: false,
        isSchemaOwner: false,
        canCreateInSchema: false,
        canUseSchema: true,
        canSelect: true,
        canInsert: true,
        canUpdate: false,
        canDelete: false,
        canTruncate: false,
      },
    ]);
    expect([...partial.values()]).toMatchObject([{ canSelect: false }]);
  });
});
