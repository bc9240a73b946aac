import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { claimPipeline, migrate, setTableState } from '../../../src/ledger/index.ts';
import { checkReplication } from '../../../src/replicate/check/index.ts';
import { sqlstateOf, type Finding } from '../../../src/service/index.ts';
import type { TestDatabase } from '../../kit/index.ts';
import { claimOf, Pairs } from '../check-pair.ts';

const pairs = new Pairs();
/** A right that is missing is told in one of these. */
const codes = new Set(['CHECK_TARGET_REBUILD', 'CHECK_TARGET_WRITE']);

beforeAll(async () => {
  await pairs.target.query('alter role current_user set allow_in_place_tablespaces = on');
  await pairs.target.query("create tablespace elsewhere location ''");
});

/** Something of the target that the copy drops, and that role mover may not make again. */
interface Case {
  readonly title: string;
  readonly target: string;
  readonly source?: string;
  /** What the copy drops, and what it runs hours later. */
  readonly drop: string;
  readonly remake: string;
  readonly finds: readonly string[];
}

const hidden = `create schema hidden;
  create function hidden.f(int) returns int immutable language plpgsql as 'begin return $1; end';
  revoke execute on function hidden.f from public;`;
const parent = 'create schema hidden; create table hidden.parent (id int primary key);';
const parts = `create table shop.visit (id int primary key, customer int) partition by range (id);
  create table shop.visit_1 partition of shop.visit for values from (0) to (10);`;
const farKey = 'add constraint far foreign key (customer) references hidden.parent';
const farRights =
  'role mover has no USAGE on schema hidden, role mover has no REFERENCES on table hidden.parent';

const cases: Case[] = [
  {
    title: 'a foreign key to a table that is not moved',
    target: `${parent} alter table shop.orders ${farKey}`,
    drop: 'alter table shop.orders drop constraint far',
    remake: `alter table shop.orders ${farKey}`,
    finds: [`CHECK_TARGET_REBUILD shop.orders: ${farRights}`],
  },
  {
    title: "a partitioned table's foreign key",
    source: parts,
    target: `${parts} ${parent} alter table shop.visit ${farKey}`,
    drop: 'alter table shop.visit drop constraint far',
    remake: `alter table shop.visit ${farKey}`,
    finds: [`CHECK_TARGET_REBUILD shop.visit: ${farRights}`],
  },
  {
    title: 'an index in a tablespace',
    target: 'create index found on shop.orders (note) tablespace elsewhere',
    drop: 'drop index shop.found',
    remake: 'set local default_tablespace = elsewhere; create index found on shop.orders (note)',
    finds: ['CHECK_TARGET_REBUILD shop.orders: role mover has no CREATE on tablespace elsewhere'],
  },
  {
    title: "a partition's part of an index",
    source: parts,
    target: `${parts} create index found on shop.visit (customer) tablespace elsewhere`,
    drop: 'drop index shop.found',
    remake: 'set local default_tablespace = elsewhere; create index found on shop.visit (customer)',
    finds: ['CHECK_TARGET_REBUILD shop.visit_1: role mover has no CREATE on tablespace elsewhere'],
  },
  {
    title: 'an index over a function',
    target: `${hidden} grant usage on schema hidden to public;
      create index found on shop.orders (hidden.f(customer))`,
    drop: 'drop index shop.found',
    remake: 'create index found on shop.orders (hidden.f(customer))',
    finds: [
      'CHECK_TARGET_WRITE shop.orders: role mover lacks EXECUTE on function hidden.f(integer)',
      'CHECK_TARGET_REBUILD shop.orders: role mover has no EXECUTE on function hidden.f(integer)',
    ],
  },
  {
    title: "an index over an operator's function",
    target: `create function shop.same(int, int) returns bool immutable language plpgsql
        as 'begin return $1 = $2; end';
      revoke execute on function shop.same from public;
      create operator shop.=== (leftarg = int, rightarg = int, function = shop.same);
      create index found on shop.orders (id) where customer operator(shop.===) 1`,
    drop: 'drop index shop.found',
    remake: 'create index found on shop.orders (id) where customer operator(shop.===) 1',
    finds: [
      'CHECK_TARGET_WRITE shop.orders: role mover lacks EXECUTE on function shop.same(integer,integer)',
      'CHECK_TARGET_REBUILD shop.orders: role mover has no EXECUTE on function shop.same(integer,integer)',
    ],
  },
  {
    title: 'an index by an operator class',
    target: `create schema hidden; create operator class hidden.back for type int using btree as
        operator 1 >, operator 2 >=, operator 3 =, operator 4 <=, operator 5 <,
        function 1 btint4cmp(int, int);
      create index found on shop.orders (customer hidden.back)`,
    drop: 'drop index shop.found',
    remake: 'create index found on shop.orders (customer hidden.back)',
    finds: ['CHECK_TARGET_REBUILD shop.orders: role mover has no USAGE on schema hidden'],
  },
];

function column(type: string): string {
  return `alter table shop.orders add made ${type}`;
}

/** Role mover owns the tables of schema shop on the target, and has no rights on anything else. */
async function makePair({ source = '', target }: { source?: string; target: string }) {
  const [here, there] = await pairs.make({ source, target });
  onTestFinished(async () => {
    await there.query('reset role; drop owned by mover cascade; drop role mover');
  });
  await there.query(`create role mover; grant usage, create on schema shop to mover;
    do $$ declare t regclass; begin
      for t in select oid from pg_catalog.pg_class
        where relnamespace = 'shop'::pg_catalog.regnamespace and relkind in ('r', 'p')
      loop execute pg_catalog.format('alter table %s owner to mover', t); end loop;
    end $$`);
  return { here, there };
}

/** What it finds as this role, of the two codes that tell of missing rights. */
async function check(here: TestDatabase, there: TestDatabase, role: string): Promise<Finding[]> {
  await there.query(`set role ${role}`);
  try {
    const options = { source: here, target: there, tables: ['shop.*'], pipeline: 'shop' };
    return (await checkReplication(options)).filter(({ code }) => codes.has(code));
  } finally {
    await there.query('reset role');
  }
}

/** `CODE subject: evidence` each. */
function describeAll(findings: readonly Finding[]): string[] {
  return findings.map((one) => `${one.code} ${one.subject}: ${one.evidence}`);
}

/** The statements that the findings ask for. */
function grantsOf(findings: readonly Finding[]): string {
  const asked = findings.flatMap(
    ({ remedy }) => /^run (.*) on the target,/.exec(remedy)?.[1] ?? [],
  );
  return asked.join(' and ').replaceAll(' and ', '; ');
}

/** What the server says to making it again when rows are there. */
async function remakeAs(role: string, there: TestDatabase, { drop, remake }: Case) {
  try {
    await there.query(`begin; insert into shop.orders values (1, null, ''); set local role ${role};
      ${drop}; ${remake}`);
    return 'made';
  } catch (error) {
    return sqlstateOf(error);
  } finally {
    await there.query('rollback');
  }
}

describe('what check finds of rights that are needed hours later', () => {
  it.each(cases)('lacks them for $title, until they are granted as told', async (one) => {
    const { here, there } = await makePair(one);
    expect(await remakeAs('mover', there, one)).toBe('42501');
    const findings = await check(here, there, 'mover');
    expect(describeAll(findings)).toEqual(one.finds);
    await there.query(grantsOf(findings));
    expect(await remakeAs('mover', there, one)).toBe('made');
    expect(await check(here, there, 'mover')).toEqual([]);
  });

  it.each(cases)('asks nothing of a superuser who owns it, for $title', async (one) => {
    const { here, there } = await makePair(one);
    await there.query('reassign owned by mover to current_user');
    expect(await remakeAs('none', there, one)).toBe('made');
    expect(await check(here, there, 'none')).toEqual([]);
  });

  it('asks even of a superuser that the owner of a table may call what its index calls', async () => {
    const [one] = cases.filter(({ title }) => title === 'an index over a function');
    if (one === undefined) throw new Error('the case is gone');
    const { here, there } = await makePair(one);
    expect(await remakeAs('none', there, one)).toBe('42501');
    const findings = await check(here, there, 'none');
    expect(describeAll(findings)).toEqual(one.finds.slice(1));
    await there.query(grantsOf(findings));
    expect(await remakeAs('none', there, one)).toBe('made');
    expect(await check(here, there, 'none')).toEqual([]);
  });

  it.each([
    ['check constraint', 'alter table shop.orders add check (hidden.f(customer) > 0)'],
    [
      'generated column',
      'alter table shop.orders add made int generated always as (hidden.f(customer)) stored',
    ],
  ])('lacks the function of a %s, for every row', async (_, target) => {
    const { here, there } = await makePair({ target: `${hidden} ${target}` });
    const insert = async () => {
      await there.query('begin; set local role mover');
      const statement = there.query("insert into shop.orders values (1, null, '')");
      const said = await statement.then(() => 'inserted', sqlstateOf);
      await there.query('rollback');
      return said;
    };
    expect(await insert()).toBe('42501');
    expect(describeAll(await check(here, there, 'mover'))).toEqual([
      'CHECK_TARGET_WRITE shop.orders: role mover lacks EXECUTE on function hidden.f(integer)',
    ]);
    await there.query('grant execute on function hidden.f to mover');
    expect(await insert()).toBe('inserted');
    expect(await check(here, there, 'mover')).toEqual([]);
  });

  describe('of functions that values of a column are put through', () => {
    const domain = `${hidden} create domain hidden.positive as int check (hidden.f(value) > 0);`;
    const lacks = 'CHECK_TARGET_WRITE shop.orders: role mover lacks EXECUTE on function';

    it.each([
      ['a domain', `${domain} ${column('hidden.positive')}`, '1'],
      [
        'a domain over a domain',
        `${domain} create domain shop.small as hidden.positive check (value < 10); ${column('shop.small')}`,
        '1',
      ],
      ['an array of a domain', `${domain} ${column('hidden.positive[]')}`, "'{1}'"],
      [
        'a composite type with a domain',
        `${domain} create type shop.pair as (a hidden.positive, b int); ${column('shop.pair')}`,
        "'(1,2)'",
      ],
      [
        'a range of a domain',
        `${domain} create type shop.span as range (subtype = hidden.positive,
          multirange_type_name = shop.spans); ${column('shop.spans')}`,
        "'{[1,2]}'",
      ],
      [
        'a check constraint through an SQL function',
        `${hidden} create function shop.g(int) returns int immutable return hidden.f($1) + 1;
          ${column('int check (shop.g(made) > 0)')}`,
        '1',
      ],
      [
        'a check constraint that casts to a domain',
        `${domain} ${column('int check (made::hidden.positive > 0)')}`,
        '1',
      ],
    ])('lacks those of %s', async (_, target, value) => {
      const { here, there } = await makePair({ target });
      const insert = async () => {
        await there.query('begin; set local role mover');
        const sql = `insert into shop.orders (id, made) values (1, ${value})`;
        const said = await there.query(sql).then(() => 'inserted', sqlstateOf);
        await there.query('rollback');
        return said;
      };
      expect(await insert()).toBe('42501');
      expect(describeAll(await check(here, there, 'mover'))).toEqual([
        `${lacks} hidden.f(integer)`,
      ]);
      await there.query('grant execute on function hidden.f to mover');
      expect(await insert()).toBe('inserted');
      expect(await check(here, there, 'mover')).toEqual([]);
    });

    it('asks the owner of a SECURITY DEFINER function for what that one calls', async () => {
      const target = `${hidden} create function shop.g(int) returns int immutable security definer
          return hidden.f($1) + 1;
        ${column('int check (shop.g(made) > 0)')}`;
      const { here, there } = await makePair({ target });
      expect(await check(here, there, 'mover')).toEqual([]);
      await there.query(`grant usage on schema hidden to public;
        create role keeper; grant create on schema shop to keeper;
        alter function shop.g owner to keeper`);
      const findings = describeAll(await check(here, there, 'mover'));
      await there.query('drop owned by keeper cascade; drop role keeper');
      expect(findings).toEqual([`${lacks} hidden.f(integer) for role keeper`]);
    });

    it('asks nothing for a function that only estimates another', async () => {
      const target = `create function shop.estimate(internal) returns internal language internal
          as 'generate_series_int4_support';
        revoke execute on function shop.estimate from public;
        create function shop.g(int) returns int immutable support shop.estimate return $1 + 1;
        ${column('int check (shop.g(made) > 0)')}`;
      const { here, there } = await makePair({ target });
      expect(await check(here, there, 'mover')).toEqual([]);
    });
  });

  it('takes REFERENCES on the columns for that on the table', async () => {
    const target = `${parent} alter table shop.orders ${farKey}; grant usage on schema hidden to public`;
    const { here, there } = await makePair({ target });
    expect(await check(here, there, 'mover')).toHaveLength(1);
    await there.query('grant references (id) on hidden.parent to mover');
    expect(await check(here, there, 'mover')).toEqual([]);
  });

  it('asks nothing for what the copy does not drop', async () => {
    const target = `${parent} alter table shop.orders ${farKey};
      create index found on shop.orders (note) tablespace elsewhere`;
    const { here, there } = await makePair({ target });
    await migrate(there);
    await claimPipeline(there, await claimOf(here));
    await there.query('grant usage on schema sluice to mover');
    await there.query('grant all on all tables in schema sluice to mover');
    expect(await check(here, there, 'mover')).toHaveLength(1);
    await setTableState(there, 'shop', { schema: 'shop', name: 'orders' }, 'ready');
    expect(await check(here, there, 'mover')).toEqual([]);
    await setTableState(there, 'shop', { schema: 'shop', name: 'orders' }, 'pending');
    await there.query(`alter table shop.orders owner to current_user;
      grant all on shop.orders to mover`);
    expect(await check(here, there, 'mover')).toEqual([]);
  });

  it('asks nothing for indexes of partitions when others of them are not filled', async () => {
    const target = `${parts} create index found on shop.visit (customer) tablespace elsewhere;
      create table shop.visit_2 partition of shop.visit for values from (10) to (20)`;
    const { here, there } = await makePair({ source: parts, target });
    expect(await check(here, there, 'mover')).toEqual([]);
  });

  it('asks nothing for a default operator class, which a definition does not name', async () => {
    const target = `create schema hidden; create type hidden.kind as (n int);
      create operator class hidden.kinds default for type hidden.kind using btree as
        function 1 (hidden.kind, hidden.kind) pg_catalog.btrecordcmp(record, record);
      alter table shop.orders add kind hidden.kind; create index found on shop.orders (kind)`;
    const { here, there } = await makePair({ target });
    const remade = { drop: 'drop index shop.found', remake: 'create index on shop.orders (kind)' };
    expect(await remakeAs('mover', there, { ...cases[0]!, ...remade })).toBe('made');
    expect(await check(here, there, 'mover')).toEqual([]);
  });
});
