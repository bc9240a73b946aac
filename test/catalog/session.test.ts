import { describe, expect, it } from 'vitest';
import { readDatabase, readRole, readSequences, readTables } from '../../src/catalog/index.ts';
import { Session } from '../../src/session/index.ts';
import { postgres } from '../kit/index.ts';

describe('the catalog through a session of ours', () => {
  const server = postgres();

  it('is the same as through a pg client', async () => {
    const db = await server.database(
      `create table a (id serial primary key, note text, at timestamptz default now());
       create table b (a int references a, x numeric(5,2)[] not null)`,
    );
    await db.query("set search_path = ''; set row_security = off");
    const session = await Session.connect(db.url, { purpose: 'catalog' });
    const tables = await readTables(session);
    expect(tables.map((table) => table.name)).toEqual(['a', 'b']);
    expect(tables).toEqual(await readTables(db));
    expect(await readSequences(session)).toEqual(await readSequences(db));
    expect(await readRole(session)).toEqual(await readRole(db));
    expect(await readDatabase(session)).toEqual(await readDatabase(db));
    await session.close();
  });
});
