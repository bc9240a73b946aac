import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareColumns, readTables, type ColumnComparison } from '../../src/catalog/index.ts';
import { majors, postgres, type TestDatabase } from '../kit/index.ts';

/** Types of users, made in two orders so that every OID means something else on the other side. */
const types = [
  `create type shop.mood as enum ('sad', 'ok')`,
  `create type shop.grade as enum ('a', 'b', 'c')`,
  `create domain shop.email as varchar(80) check (value like '%@%')`,
  `create type shop.span as range (subtype = timestamptz)`,
];
const nested = [
  `create type shop.pair as (n numeric(6,2), moods shop.mood[], g shop.grade)`,
  `create type shop.outer_pair as (p shop.pair, e shop.email, s shop.span)`,
];
const tables = `
  create table shop.users (
    mood shop.mood, moods shop.mood[], grades shop.grade[], email shop.email, emails shop.email[],
    span shop.span, spans shop.span[], multi shop.span_multirange, pair shop.pair, pairs shop.pair[],
    outer_pair shop.outer_pair, outer_pairs shop.outer_pair[]);
  create table shop.builtin (
    a bool, b bytea, c "char", d int8, e int2, f int4, g text, h oid, i tid, j xid, k cid, l json, m jsonb,
    n point, o lseg, p path, q box, r polygon, s line, t float4, u float8, v circle, w money, x macaddr,
    y inet, z cidr, aa macaddr8, ab bpchar(5), ac varchar(9), ad date, ae time, af timestamp, ag timestamptz,
    ai timetz, aj bit(3), ak varbit, al numeric, am uuid, an tsvector, ao tsquery, ap pg_lsn,
    aq txid_snapshot, ar pg_snapshot, as_ xid8, at int4range, au nummultirange, av int4[], aw text[],
    ax numeric[], ay jsonpath, az name, ba int2vector, bb oidvector, bc tstzrange[], bd refcursor);
  create table shop.infinite (i interval, l interval[]);
  create table shop.regs (r regclass, l regtype[]);
`;
const rows = `
  insert into shop.users values
    ('ok', '{sad,ok,NULL}', '{b,c}', 'x@y', '{x@y,z@z}', '[2024-01-01,2025-01-01)',
     array['(,infinity)'::shop.span, 'empty'], '{[2024-01-01,2024-02-01),[2025-01-01,)}',
     row(1.5, '{ok}', 'c'), array[row(1, '{sad}', 'a')::shop.pair, null],
     row(row(2, null, 'b'), 'o@o', '(,)'), array[row(row(3, '{ok,sad}', null), null, null)::shop.outer_pair]),
    (null, '{}', null, null, '{}', null, '{}', '{}', null, '{}', null, null);
  insert into shop.builtin values
    (true, '\\x00ff', 'c', -9000000000000000000, -5, 7, 'ä€😀', 4000000000, '(1,2)', '3', '4', '{"a": 1 }', '{"a": [1, "b"]}',
     '(1,2)', '[(0,0),(1,1)]', '((0,0),(1,1))', '((0,0),(1,1))', '((0,0),(1,1),(2,0))', '{1,2,3}',
     '-0.1', 'NaN', '<(0,0),1>', 12.34, '08:00:2b:01:02:03', '::1/64', '10.0.0.0/8',
     '08:00:2b:01:02:03:04:05', 'ab', 'abc', '4713-01-01 BC', '24:00', 'infinity', '-infinity',  '12:00:00+13:45', B'101', B'', '-Infinity', 
     '00112233-4455-6677-8899-aabbccddeeff', '''a'':1A ''b'':2', '''a'' & !b:*', '16/B374D848',
     '10:20:10,14', '10:20:10,14', '18446744073709551615', '[1,5)', '{[1,2),[3.5,)}', '[2:3]={1,NULL}',
     '{"a,b",NULL,"\\""}', '{NaN,1.50,0.000}', '$.a[*] ? (@ > 1)', 'name', '1 2', '3 4',
     array['[2024-01-01,)'::tstzrange], 'cursor');
  insert into shop.builtin default values;
`;

interface Side {
  readonly major: number;
  readonly db: TestDatabase;
}

describe('binary copies between servers', () => {
  const servers = majors.map((major) => postgres(major));
  let folder = '';
  let sources: Side[] = [];
  let targets: Side[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-binary-'));
    await chmod(folder, 0o777); // the servers may run as another user
    sources = await sides('source');
    targets = await sides('target');
  });
  afterAll(async () => {
    await Promise.all([...sources, ...targets].map((side) => side.db.close()));
    await rm(folder, { recursive: true });
  });

  async function sides(role: 'source' | 'target'): Promise<Side[]> {
    const first = role === 'source' ? types : types.toReversed();
    const padding = role === 'source' ? '' : 'create table shop.padding (id serial primary key);';
    const sql = `create schema shop; ${padding} ${[...first, ...nested].join(';')}; ${tables}`;
    return await Promise.all(
      servers.map(async (server) => {
        const db = await server.database(sql);
        await db.query("set search_path = ''");
        if (role === 'source') await db.query(rows);
        return { major: server.major, db };
      }),
    );
  }

  async function copyBinary(table: string, from: Side, to: Side): Promise<void> {
    const file = join(folder, `${table}-${from.major}-${to.major}`);
    await from.db.query(`copy shop.${table} to '${file}' (format binary)`);
    await to.db.query(`truncate shop.${table}`);
    await to.db.query(`copy shop.${table} from '${file}' (format binary)`);
  }

  async function compare(table: string, from: Side, to: Side): Promise<ColumnComparison> {
    const [source] = await readTables(from.db, { include: [`shop.${table}`] });
    const [target] = await readTables(to.db, { include: [`shop.${table}`] });
    return compareColumns(source!, target!);
  }

  const render = (side: Side, table: string): Promise<unknown[]> =>
    side.db.rows(`select t::text from shop.${table} as t order by 1`);

  async function everyPair(work: (from: Side, to: Side) => Promise<void>): Promise<void> {
    for (const from of sources) for (const to of targets) await work(from, to);
  }

  it.each(['users', 'builtin'])('load %s right wherever they are called safe', async (table) => {
    await everyPair(async (from, to) => {
      expect(await compare(table, from, to)).toMatchObject({ binarySafe: true, differences: [] });
      await copyBinary(table, from, to);
      expect(await render(to, table)).toEqual(await render(from, table));
    });
  });

  it('would change infinite intervals on the way to an older server', async () => {
    await everyPair(async (from, to) => {
      if (from.major < 17) return;
      await from.db.query("truncate shop.infinite; insert into shop.infinite values ('infinity')");
      const comparison = await compare('infinite', from, to);
      expect(comparison.binarySafe).toBe(to.major >= 17);
      await copyBinary('infinite', from, to);
      const isEqual =
        (await to.db.value<string>('select i::text from shop.infinite')) === 'infinity';
      expect(isEqual).toBe(comparison.binarySafe);
    });
  });

  it('would silently turn reg* values into others', async () => {
    await everyPair(async (from, to) => {
      await from.db.query(
        "truncate shop.regs; insert into shop.regs values ('shop.users', '{shop.mood,int4}')",
      );
      const comparison = await compare('regs', from, to);
      expect(comparison.pairs.map((pair) => pair.textReason)).toEqual([
        'regclass holds OIDs of its own database',
        'regtype[] holds OIDs of its own database',
      ]);
      await copyBinary('regs', from, to);
      expect(await render(to, 'regs')).not.toEqual(await render(from, 'regs'));
    });
  });
});
