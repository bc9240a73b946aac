import { describe, expect, it } from 'vitest';
import { claimPipeline, migrate, setTableState } from '../../src/ledger/index.ts';
import { databases } from '../../src/replicate/check/databases.ts';
import { readCheckFacts } from '../../src/replicate/check/facts.ts';
import { checkReplication, findingSpecs } from '../../src/replicate/check/index.ts';
import { openTransactions } from '../../src/replicate/check/open-transactions.ts';
import { space } from '../../src/replicate/check/space.ts';
import type { Finding } from '../../src/service/index.ts';
import { postgres, TestDatabase } from '../kit/index.ts';
import {
  brief,
  claimOf,
  newest,
  oldest,
  Pairs,
  structure,
  type Choice,
  type Setting,
} from './check-pair.ts';

const pairs = new Pairs();

/** What a case is about: the same check, one thing wrong. */
interface Case extends Setting {
  readonly finds: string;
  readonly choice?: Choice;
}

const keyless = 'create table shop.log (line text)';

const cases: Case[] = [
  {
    finds: 'CHECK_PATTERN pattern shop.oders',
    choice: { tables: ['shop.customer', 'shop.oders'] },
  },
  { finds: 'CHECK_NO_TABLES source', choice: { tables: ['empty.*'] } },
  { finds: 'CHECK_NO_IDENTITY shop.log', source: keyless, target: keyless },
  {
    finds: 'CHECK_INSERT_ONLY shop.log',
    source: keyless,
    target: keyless,
    choice: { tablesWithoutKey: 'insert_only' },
  },
  {
    finds: 'CHECK_NO_IDENTITY shop.customer',
    source: 'alter table shop.customer replica identity nothing',
  },
  {
    finds: 'CHECK_IDENTITY_DEFERRABLE shop.lazy',
    source: 'create table shop.lazy (id int primary key deferrable)',
    target: 'create table shop.lazy (id int primary key)',
  },
  {
    finds: 'CHECK_IDENTITY_FULL shop.log',
    source: `${keyless}; alter table shop.log replica identity full`,
    target: keyless,
  },
  { finds: 'CHECK_TABLE_MISSING shop.orders', target: 'drop table shop.orders' },
  {
    finds: 'CHECK_TABLE_MISSING shop.orders',
    target: 'drop table shop.orders; create view shop.orders as select 1',
  },
  {
    finds: 'CHECK_TARGET_UNLOGGED shop.orders',
    target: 'alter table shop.orders set unlogged',
  },
  {
    finds: 'CHECK_NOT_EMPTY shop.customer',
    target: "insert into shop.customer values (1, 'somebody')",
  },
  { finds: 'CHECK_COLUMN_MISSING shop.orders.note', target: 'alter table shop.orders drop note' },
  {
    finds: 'CHECK_COLUMN_REQUIRED shop.orders.extra',
    target: 'alter table shop.orders add extra int not null',
  },
  {
    finds: 'CHECK_COLUMN_TYPE shop.orders.id',
    target: 'alter table shop.orders alter id type int',
  },
  {
    finds: 'CHECK_COLUMN_WIDER shop.customer.name',
    target: 'alter table shop.customer alter name type text',
  },
  {
    finds: 'CHECK_COLUMN_IDENTITY shop.orders.id',
    target: 'alter table shop.orders alter id add generated always as identity',
  },
  {
    finds: 'CHECK_COLUMN_GENERATED shop.orders.note',
    target:
      "alter table shop.orders drop note; alter table shop.orders add note text generated always as ('x') stored",
  },
  {
    finds: 'CHECK_ENUM_LABELS shop.customer.mood',
    source: "alter type shop.mood add value 'great'",
  },
  {
    finds: 'CHECK_COLUMN_NOT_NULL shop.orders.note',
    target: 'alter table shop.orders alter note set not null',
  },
  {
    finds: 'CHECK_TARGET_KEY shop.orders',
    target: 'alter table shop.orders drop constraint orders_pkey',
  },
  {
    finds: 'CHECK_TARGET_UNIQUE shop.orders',
    target: 'create unique index one_note on shop.orders (note)',
  },
  {
    finds: 'CHECK_FOREIGN_KEY_OUTSIDE shop.orders.orders_customer_fkey',
    choice: { tables: ['shop.orders'] },
  },
  {
    finds: 'CHECK_TRIGGER_ALWAYS shop.orders',
    target: `create function shop.f() returns trigger language plpgsql as 'begin return new; end';
      create trigger t before insert on shop.orders for each row execute function shop.f();
      alter table shop.orders enable replica trigger t`,
  },
  { finds: 'CHECK_UNLOGGED source', source: 'create unlogged table shop.scratch (id int)' },
  {
    finds: 'CHECK_MATERIALIZED_VIEWS source',
    source: 'create materialized view shop.sums as select 1 as one',
  },
  {
    finds: 'CHECK_FOREIGN_TABLES source',
    source: `create foreign data wrapper w; create server s foreign data wrapper w;
      create foreign table shop.remote (id int) server s`,
  },
  {
    finds: 'CHECK_EXTENSION_TABLES source',
    source: `create table shop.settings (id int); alter extension plpgsql add table shop.settings;
      update pg_extension set extconfig = array['shop.settings'::regclass::oid] where extname = 'plpgsql'`,
  },
  { finds: 'CHECK_LARGE_OBJECTS source', source: 'select lo_create(0)' },
  { finds: 'CHECK_SEQUENCES source', source: 'create sequence shop.numbers' },
  {
    finds: 'CHECK_TARGET_READ_ONLY target',
    target: 'set transaction read only',
  },
];

async function identityFindings(source: string, target: string): Promise<Finding[]> {
  return (await pairs.check({ source, target })).filter(({ code }) => /IDENTITY/u.test(code));
}

/** What is found of the customers' rows, and typing what the finding asks for. */
async function emptyAsTold(setting: Setting, prepare?: (there: TestDatabase) => Promise<void>) {
  const [here, there] = await pairs.make(setting);
  await migrate(there);
  await claimPipeline(there, await claimOf(here));
  await prepare?.(there);
  const options = { source: here, target: there, tables: ['shop.*'], pipeline: 'shop' };
  const found = findCustomerRows(await checkReplication(options));
  const statement = /^run (.*) on the target/u.exec(found?.remedy ?? '')?.[1];
  await there.query(statement ?? 'nothing was found');
  expect(findCustomerRows(await checkReplication(options))).toBeUndefined();
  return { there, evidence: found?.evidence, statement };
}

function findCustomerRows(findings: readonly Finding[]): Finding | undefined {
  return findings.find(
    ({ code, subject }) => code === 'CHECK_NOT_EMPTY' && subject === 'shop.customer',
  );
}

describe('what check finds', () => {
  it('has nothing to say about two databases that are ready', async () => {
    expect(await pairs.check()).toEqual([]);
  });

  it.each(cases)('$finds ($choice$source$target)', async ({ finds, choice, ...setting }) => {
    const findings = await pairs.check(setting, choice);
    expect(brief(findings)).toEqual([finds]);
    const [finding] = findings;
    expect(finding?.severity).toBe(findingSpecs[finding?.code ?? '']?.severity);
    expect(finding?.remedy).not.toMatch(/[{}]/u);
  });

  it('sees that source and target are one database, and says nothing that only follows from it', async () => {
    const [here] = await pairs.make({ source: "insert into shop.customer values (1, 'x')" });
    const findings = await checkReplication({ source: here, target: await here.client() });
    expect(brief(findings)).toEqual(['CHECK_SAME_DATABASE target']);
    const [other] = await pairs.make();
    const sameServer = await checkReplication({ source: here, target: other });
    expect(brief(sameServer)).not.toContain('CHECK_SAME_DATABASE target');
  });

  it('warns of a target that is older or of another encoding', async () => {
    const [here, there] = await pairs.make();
    await there.query("create database latin template template0 encoding latin1 locale 'C'");
    const latin = new TestDatabase('latin', pairs.target.url('latin'));
    await latin.query(structure);
    const findings = await checkReplication({ source: here, target: latin });
    await latin.close();
    await there.query('drop database latin with (force)');
    expect(brief(findings)).toEqual(['CHECK_ENCODING target']);
    const back = await checkReplication({ source: there, target: here });
    expect(brief(back)).toEqual(newest > oldest ? ['CHECK_VERSION_OLDER target'] : []);
  });

  it('says of an identity that only the target has how to make it assignable', async () => {
    const identity = 'alter table shop.orders alter id add generated always as identity';
    const byDefault = 'alter table shop.orders alter id add generated by default as identity';
    expect(await identityFindings(identity, identity)).toEqual([]);
    expect(await identityFindings(identity, byDefault)).toEqual([]);
    expect(await identityFindings(byDefault, identity)).toMatchObject([
      {
        code: 'CHECK_COLUMN_IDENTITY',
        severity: 'warns',
        evidence: expect.stringMatching(/by default on the source, part of its replica identity/u),
        remedy: expect.stringContaining(
          'ALTER TABLE "shop"."orders" ALTER COLUMN "id" SET GENERATED BY DEFAULT',
        ),
      },
    ]);
  });

  it('takes a partition into its own table, or into that of its ancestor', async () => {
    const partitioned = `create table shop.event (id int primary key) partition by range (id);
      create table shop.event_1 partition of shop.event for values from (0) to (10);`;
    const single = 'create table shop.event (id int primary key)';
    expect(await pairs.check({ source: partitioned, target: partitioned })).toEqual([]);
    expect(await pairs.check({ source: partitioned, target: single })).toEqual([]);
    const holds = `${single}; insert into shop.event values (1)`;
    const findings = await pairs.check({ source: partitioned, target: holds });
    expect(brief(findings)).toEqual(['CHECK_NOT_EMPTY shop.event']);
  });

  it('does not hold against a pipeline what it has done itself', async () => {
    const rows = "insert into shop.customer values (1, 'x')";
    const [here, there] = await pairs.make({ target: rows });
    await migrate(there);
    await claimPipeline(there, await claimOf(here));
    const options = { source: here, target: there, tables: ['shop.*'], pipeline: 'shop' };
    expect(brief(await checkReplication(options))).toEqual(['CHECK_NOT_EMPTY shop.customer']);
    await setTableState(there, 'shop', { schema: 'shop', name: 'customer' }, 'copying');
    expect(await checkReplication(options)).toEqual([]);
    const other = await checkReplication({ ...options, pipeline: 'other' });
    expect(brief(other)).toEqual(['CHECK_NOT_EMPTY shop.customer']);
  });

  describe('of a table that holds rows', () => {
    const held = "insert into shop.customer values (1, 'x'); insert into shop.orders values (1, 1)";
    const outside = `create schema near; ${held};
      create table near.visit (customer int references shop.customer, at int) partition by range (at);
      create table near.visit_1 partition of near.visit for values from (0) to (10);
      insert into near.visit values (1, 1)`;

    it('tells how to empty it together with the tables that refer to it', async () => {
      const { statement } = await emptyAsTold({ target: held });
      expect(statement).toBe('TRUNCATE "shop"."customer", "shop"."orders"');
    });

    it('spares the rows of referring tables that are not moved', async () => {
      const { there, evidence } = await emptyAsTold({ target: outside });
      expect(evidence).toContain('near.visit refers to it');
      const { rows } = await there.query('select count(*)::text from near.visit');
      expect(rows).toEqual([{ count: '1' }]);
    });

    it('spares the rows of referring tables that are copied already', async () => {
      const { there } = await emptyAsTold({ target: held }, (there) =>
        setTableState(there, 'shop', { schema: 'shop', name: 'orders' }, 'ready'),
      );
      const { rows } = await there.query('select count(*)::text from shop.orders');
      expect(rows).toEqual([{ count: '1' }]);
    });
  });

  it('names open and prepared transactions that a slot would wait for', async () => {
    const [here, there] = await pairs.make();
    const writer = await here.client();
    await writer.query("begin; insert into shop.customer values (1, 'x')");
    await here.query(
      "begin; insert into shop.customer values (2, 'x'); prepare transaction 'late'",
    );
    const options = { source: here, target: there, tables: ['shop.*'] };
    expect(await checkReplication(options)).toEqual([]); // young
    const facts = await readCheckFacts(options);
    const old = facts.openTransactions.map((one) => ({ ...one, ageS: 60 }));
    const found = openTransactions.run({ ...facts, openTransactions: old });
    await here.query("rollback prepared 'late'");
    await writer.query('rollback');
    expect(found.map((one) => one.code).toSorted()).toEqual([
      'CHECK_OPEN_TRANSACTION',
      'CHECK_PREPARED_TRANSACTION',
    ]);
    expect(found.map((one) => one.remedy).join()).toMatch(/pg_terminate_backend\(\d+\)/u);
    expect(found.map((one) => one.remedy).join()).toContain(`'late' in database ${here.name}`);
  });
});

describe('what check finds of a server', () => {
  const small = postgres(newest, {
    wal_level: 'replica',
    max_replication_slots: 0,
    max_wal_senders: 0,
    max_slot_wal_keep_size: '64MB',
    ...(newest >= 18 ? { idle_replication_slot_timeout: '1h' } : {}),
  });
  const tight = postgres(newest, { max_replication_slots: 1, max_wal_senders: 1 });

  it('cannot be followed', async () => {
    const there = await pairs.target.database(structure);
    const here = await small.database(structure);
    const findings = await checkReplication({ source: here, target: there });
    expect(brief(findings)).toEqual([
      'CHECK_WAL_LEVEL source',
      'CHECK_SLOTS source',
      'CHECK_WAL_SENDERS source',
      'CHECK_SLOT_WAL_LIMIT source',
      ...(newest >= 18 ? ['CHECK_SLOT_IDLE_TIMEOUT source'] : []),
    ]);
  });

  it('has one slot, or none left', async () => {
    const there = await pairs.target.database(structure);
    const here = await tight.database(structure);
    const options = { source: here, target: there };
    expect(brief(await checkReplication(options))).toEqual(['CHECK_SLOTS_FEW source']);
    await here.query("select pg_create_logical_replication_slot('taken', 'pgoutput')");
    const findings = brief(await checkReplication(options));
    await here.query("select pg_drop_replication_slot('taken')");
    expect(findings).toEqual(['CHECK_SLOTS source']);
  });
});

describe('facts that no test server has', () => {
  it('are found in them', async () => {
    const [here, there] = await pairs.make();
    const facts = await readCheckFacts({ source: here, target: there, tables: ['shop.*'] });
    const standby = { ...facts.source, database: { ...facts.source.database, isStandby: true } };
    expect(brief(databases.run({ ...facts, source: standby }))).toEqual([
      'CHECK_SOURCE_STANDBY source',
    ]);
    const copy = { ...facts.target, database: { ...facts.target.database, isStandby: true } };
    expect(brief(databases.run({ ...facts, target: copy }))).toEqual([
      'CHECK_TARGET_READ_ONLY target',
    ]);
  });

  it('ask nothing more of a server that is too old', async () => {
    const old = { query: () => Promise.resolve({ rows: [{ version: '140018' }], rowCount: 1 }) };
    const [here] = await pairs.make();
    expect(brief(await checkReplication({ source: here, target: old }))).toEqual([
      'CHECK_VERSION target',
    ]);
  });
});

describe('space', () => {
  it('is compared with what the tables take', async () => {
    const [here, there] = await pairs.make();
    const facts = await readCheckFacts({ source: here, target: there, tables: ['shop.*'] });
    const large = facts.tables.map((table) => ({
      ...table,
      source: { ...table.source, totalBytes: 2 ** 33 },
    }));
    const find = (targetFreeBytes: number | null): Finding[] =>
      space.run({ ...facts, tables: large, targetFreeBytes });
    expect(find(2 ** 35)).toEqual([]);
    expect(find(2 ** 33)).toMatchObject([
      { code: 'CHECK_SPACE', remedy: expect.stringContaining('8.0 GB') as unknown },
    ]);
    expect(find(null)).toMatchObject([{ code: 'CHECK_SPACE_UNSEEN' }]);
    expect(facts.targetFreeBytes).toBeGreaterThan(0); // the test's server is on this machine
  });
});
