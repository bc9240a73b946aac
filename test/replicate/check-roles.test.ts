import { describe, expect, it } from 'vitest';
import { sqlstateOf } from '../../src/service/index.ts';
import { checkReplication } from '../../src/replicate/check/index.ts';
import { brief, Pairs, type Setting } from './check-pair.ts';

const pairs = new Pairs();

/** Roles belong to the server: one a test, made with its privileges, gone with the test. */
async function asMover(
  side: 'source' | 'target',
  grants: string,
  setting: Setting = {},
): Promise<string[]> {
  const dbs = await pairs.make(setting);
  const db = dbs[side === 'source' ? 0 : 1];
  await db.query(`drop role if exists mover; create role mover;
    ${grants.replaceAll('DATABASE', `database ${db.name}`)}; set role mover`);
  try {
    const [here, there] = dbs;
    const findings = await checkReplication({ source: here, target: there, tables: ['shop.*'] });
    return brief(findings);
  } finally {
    await db.query('reset role; drop owned by mover cascade; drop role mover');
  }
}

describe('what check finds of a role', () => {
  const reads =
    'grant usage on schema shop to mover; grant select on all tables in schema shop to mover';
  const owns = `${reads}; alter table shop.customer owner to mover; alter table shop.orders owner to mover`;
  const all =
    'grant usage on schema shop to mover; grant all on all tables in schema shop to mover';
  const makes = 'grant create on schema shop to mover';
  const creates = 'grant create on DATABASE to mover';
  const replica = 'grant set on parameter session_replication_role to mover';

  it('lacks everything on the source', async () => {
    expect(await asMover('source', '')).toEqual([
      'CHECK_REPLICATION source',
      'CHECK_CREATE_PUBLICATION source',
      'CHECK_TABLE_OWNER source',
      'CHECK_SELECT shop.customer',
      'CHECK_SELECT shop.orders',
    ]);
  });

  it('lacks one privilege after the other on the source', async () => {
    expect(await asMover('source', `${owns}; ${creates}; alter role mover replication`)).toEqual(
      [],
    );
    expect(await asMover('source', `${owns}; ${creates}`)).toEqual(['CHECK_REPLICATION source']);
    expect(await asMover('source', `${owns}; alter role mover replication`)).toEqual([
      'CHECK_CREATE_PUBLICATION source',
    ]);
    expect(await asMover('source', `${reads}; ${creates}; alter role mover replication`)).toEqual([
      'CHECK_TABLE_OWNER source',
    ]);
  });

  it('would not see all rows of the source', async () => {
    const secured = { source: 'alter table shop.orders enable row level security' };
    const grants = `${owns}; ${creates}; alter role mover replication`;
    expect(await asMover('source', grants, secured)).toEqual([]); // the owner is exempt
    const forced = {
      source: `${secured.source}; alter table shop.orders force row level security`,
    };
    expect(await asMover('source', grants, forced)).toEqual(['CHECK_ROW_SECURITY shop.orders']);
  });

  it('lacks privileges on the target', async () => {
    expect(await asMover('target', `${owns}; ${creates}; ${makes}; ${replica}`)).toEqual([]);
    expect(await asMover('target', `${all}; ${creates}; ${replica}`)).toEqual([
      'CHECK_TARGET_OWNER shop.customer',
      'CHECK_TARGET_OWNER shop.orders',
    ]);
    expect(await asMover('target', `${owns}; ${makes}; ${replica}`)).toEqual([
      'CHECK_LEDGER target',
    ]);
    expect(await asMover('target', `${reads}; ${creates}; ${replica}`)).toEqual([
      'CHECK_TARGET_WRITE shop.customer',
      'CHECK_TARGET_WRITE shop.orders',
    ]);
    const secured = {
      target: `alter table shop.orders enable row level security;
        alter table shop.orders force row level security`,
    };
    expect(await asMover('target', `${owns}; ${creates}; ${makes}; ${replica}`, secured)).toEqual([
      'CHECK_ROW_SECURITY_TARGET shop.orders',
    ]);
  });

  it('may drop indexes of the target, and not make them again', async () => {
    expect(await asMover('target', `${owns}; ${creates}; ${replica}`)).toEqual([
      'CHECK_TARGET_REBUILD shop.customer',
      'CHECK_TARGET_REBUILD shop.orders',
    ]);
    const ownsSchema = `${all}; ${creates}; ${replica}; alter schema shop owner to mover`;
    expect(await asMover('target', ownsSchema)).toEqual([
      'CHECK_TARGET_REBUILD shop.customer',
      'CHECK_TARGET_REBUILD shop.orders',
    ]);
  });

  it('is held to what the server asks for an index', async () => {
    const [, db] = await pairs.make();
    const as = (role: string, sql: string) =>
      db.query(`begin; ${sql}; rollback`).then(
        () => `${role} may`,
        async (error: unknown) => {
          await db.query('rollback');
          return sqlstateOf(error);
        },
      );
    await db.query(`drop role if exists mover; create role mover; ${owns}`);
    try {
      const make = 'set local role mover; create index on shop.orders (note)';
      const remake = `alter table shop.orders drop constraint orders_pkey; set local role mover;
        alter table shop.orders add primary key (id)`;
      expect(await as('an owner', make)).toBe('42501');
      expect(await as('an owner', remake)).toBe('42501');
      await db.query(makes);
      expect(await as('an owner', make)).toBe('an owner may');
      expect(await as('an owner', remake)).toBe('an owner may');
      await db.query('alter table shop.orders owner to current_user');
      expect(await as('a stranger', make)).toBe('42501');
      await db.query('create index plain on shop.orders (note); alter schema shop owner to mover');
      expect(
        await as('the owner of the schema', 'set local role mover; drop index shop.plain'),
      ).toBe('the owner of the schema may');
    } finally {
      await db.query('reset role; drop owned by mover cascade; drop role mover');
    }
  });

  it('may not create temporary tables on the target, or not use the ledger there', async () => {
    const rest = `${owns}; ${makes}; ${creates}; ${replica}`;
    const noTemporary = `${rest}; revoke temporary on DATABASE from public`;
    expect(await asMover('target', noTemporary)).toEqual(['CHECK_TARGET_TEMPORARY target']);
    const ledger = `${rest}; create schema sluice; grant usage on schema sluice to mover;
      create table sluice.pipeline (name text)`;
    expect(await asMover('target', ledger)).toEqual(['CHECK_LEDGER target']);
  });

  it('cannot switch off triggers and foreign keys of the target', async () => {
    const triggers = {
      target: `create function shop.f() returns trigger language plpgsql as 'begin return new; end';
        create trigger t before insert on shop.customer for each row execute function shop.f();
        alter table shop.orders add constraint cascades foreign key (customer)
          references shop.customer on delete cascade`,
    };
    expect(await asMover('target', `${owns}; ${creates}; ${makes}`, triggers)).toEqual([
      'CHECK_TRIGGER_FIRES shop.customer',
      'CHECK_FOREIGN_KEY_ACTION shop.orders.cascades',
      'CHECK_FOREIGN_KEY_CHECKED shop.orders.orders_customer_fkey',
    ]);
  });
});
