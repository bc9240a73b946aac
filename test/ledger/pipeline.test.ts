import { describe, expect, it } from 'vitest';
import {
  advance,
  checkEpoch,
  claimPipeline,
  dropPipeline,
  holdPipeline,
  inTransaction,
  journalDrop,
  ledgerExists,
  listPipelines,
  markRestored,
  migrate,
  readJournal,
  readPipeline,
  readRanges,
  readTableStates,
  recordRange,
  releasePipeline,
  restartTable,
  setFirstPosition,
  setSpill,
  setTableState,
} from '../../src/ledger/index.ts';
import { parseLsn } from '../../src/wire/index.ts';
import { majors, postgres, waitFor, type TestDatabase } from '../kit/index.ts';

const claim = {
  name: 'shop',
  sourceSystemId: '7001',
  sourceDatabase: 'shop',
  slot: 'sluice_shop',
  publication: 'sluice_shop',
};
const at = parseLsn;

describe.each(majors)('the ledger on PostgreSQL %i', (major) => {
  const server = postgres(major);

  async function ledger(): Promise<TestDatabase> {
    const db = await server.database();
    await migrate(db);
    return db;
  }

  it('is made once by programs that start together, and only read afterwards', async () => {
    const db = await server.database();
    expect(await ledgerExists(db)).toBe(false);
    const clients = await Promise.all([db.client(), db.client(), db.client()]);
    await Promise.all(clients.map((client) => migrate(client)));
    expect(await db.rows('select version from sluice.migration order by 1')).toEqual([
      { version: 1 },
      { version: 2 },
      { version: 3 },
      { version: 4 },
    ]);
    await db.query('begin read only');
    await migrate(db);
    await db.query('commit');
  });

  it('refuses the ledger of a newer program', async () => {
    const db = await ledger();
    await db.query("insert into sluice.migration values (99, 'from the future')");
    await expect(migrate(db)).rejects.toMatchObject({ code: 'LEDGER_NEWER' });
  });

  it('leaves nothing behind when a migration fails', async () => {
    const db = await server.database();
    await db.query('create schema sluice; create table sluice.copy_range (x int)');
    await expect(migrate(db)).rejects.toMatchObject({ code: '42P07' });
    expect(await ledgerExists(db)).toBe(false);
  });

  it('raises the epoch at every claim and keeps the recorded slot', async () => {
    const db = await ledger();
    expect(await claimPipeline(db, claim)).toMatchObject({
      epoch: 1n,
      position: null,
      slot: 'sluice_shop',
    });
    const again = await claimPipeline(db, { ...claim, slot: 'another' });
    expect(again).toMatchObject({ epoch: 2n, slot: 'sluice_shop' });
    expect(await readPipeline(db, 'shop')).toEqual(again);
    expect(await listPipelines(db)).toEqual([again]);
    expect(await readPipeline(db, 'other')).toBeNull();
  });

  it('refuses a claim for another source, and keeps the epoch', async () => {
    const db = await ledger();
    await claimPipeline(db, claim);
    await expect(claimPipeline(db, { ...claim, sourceSystemId: '7002' })).rejects.toMatchObject({
      code: 'LEDGER_OTHER_SOURCE',
    });
    expect(await readPipeline(db, 'shop')).toMatchObject({ epoch: 1n });
  });

  it('moves the position only from where it is, only forward, only for its owner', async () => {
    const db = await ledger();
    const first = await claimPipeline(db, claim);
    await setFirstPosition(db, first, at('0/10'));
    await expect(setFirstPosition(db, first, at('0/20'))).rejects.toMatchObject({
      code: 'LEDGER_FENCED',
    });
    expect(await advance(db, first, at('0/10'), at('0/30'))).toBeNull();
    await expect(advance(db, first, at('0/10'), at('0/40'))).rejects.toMatchObject({
      code: 'LEDGER_MOVED',
    });
    await expect(advance(db, first, at('0/30'), at('0/29'))).rejects.toMatchObject({
      code: 'LEDGER_MOVED',
    });
    await advance(db, first, at('0/30'), at('0/30'));
    const second = await claimPipeline(db, claim);
    expect(second.position).toBe(at('0/30'));
    await expect(advance(db, first, at('0/30'), at('0/40'))).rejects.toMatchObject({
      code: 'LEDGER_FENCED',
    });
    await expect(checkEpoch(db, first)).rejects.toMatchObject({ code: 'LEDGER_FENCED' });
    await expect(setSpill(db, first, 'x')).rejects.toMatchObject({ code: 'LEDGER_FENCED' });
    await checkEpoch(db, second);
    await dropPipeline(db, 'shop');
    await expect(advance(db, second, at('0/30'), at('0/40'))).rejects.toMatchObject({
      code: 'LEDGER_FENCED',
    });
  });

  it('lets a claim wait for the open transactions of the owner before', async () => {
    const db = await ledger();
    const owner = await claimPipeline(db, claim);
    await setFirstPosition(db, owner, at('0/10'));
    const [copier, applier] = [await db.client(), await db.client()];
    for (const work of [
      (): Promise<unknown> => checkEpoch(copier, owner),
      (): Promise<unknown> => advance(copier, owner, at('0/10'), at('0/20')),
    ]) {
      await copier.query('begin');
      await work();
      let claimed = false;
      const claiming = claimPipeline(applier, claim).then((result) => {
        claimed = true;
        return result;
      });
      await waitFor('the claim to wait', () =>
        db.value("select count(*)::int from pg_stat_activity where wait_event_type = 'Lock'"),
      );
      expect(claimed).toBe(false);
      await copier.query('commit');
      const next = await claiming;
      expect(next.epoch).toBeGreaterThan(owner.epoch);
      await expect(checkEpoch(copier, owner)).rejects.toMatchObject({ code: 'LEDGER_FENCED' });
      Object.assign(owner, { epoch: next.epoch });
    }
  });

  it('does not let a copied range wait for apply', async () => {
    const db = await ledger();
    const owner = await claimPipeline(db, claim);
    await setFirstPosition(db, owner, at('0/10'));
    const [copier, applier] = [await db.client(), await db.client()];
    await copier.query("set lock_timeout = '1s'");
    await applier.query('begin');
    await advance(applier, owner, at('0/10'), at('0/20'));
    await inTransaction(copier, async () => {
      await checkEpoch(copier, owner);
      await setTableState(copier, 'shop', { schema: 'public', name: 't' }, 'copied');
    });
    await applier.query('commit');
  });

  it('takes the effect and the position back together', async () => {
    const db = await ledger();
    const owner = await claimPipeline(db, claim);
    await setFirstPosition(db, owner, at('0/10'));
    await db.query('create table effect (n int)');
    const client = await db.client();
    const failing = inTransaction(client, async () => {
      await client.query('insert into effect values (1)');
      await advance(client, owner, at('0/10'), at('0/20'));
      throw new Error('the handler failed');
    });
    await expect(failing).rejects.toThrow('the handler failed');
    expect(await db.value('select count(*)::int from effect')).toBe(0);
    expect(await readPipeline(db, 'shop')).toMatchObject({ position: at('0/10') });
  });

  it('tells apply where to stop while a holder lives', async () => {
    const db = await ledger();
    const owner = await claimPipeline(db, claim);
    const [holder, rival] = [await db.client(), await db.client()];
    await expect(holdPipeline(holder, 'shop', null)).rejects.toMatchObject({ code: 'LEDGER_HOLD' });
    await setFirstPosition(db, owner, at('0/10'));
    expect(await holdPipeline(holder, 'shop', null)).toBe(at('0/10'));
    expect(await advance(db, owner, at('0/10'), at('0/10'))).toBe(at('0/10'));
    await expect(holdPipeline(rival, 'shop', null)).rejects.toMatchObject({ code: 'LEDGER_HOLD' });
    expect(await holdPipeline(holder, 'shop', at('0/50'))).toBe(at('0/50'));
    expect(await advance(db, owner, at('0/10'), at('0/50'))).toBe(at('0/50'));
    await expect(advance(db, owner, at('0/50'), at('0/51'))).rejects.toMatchObject({
      code: 'LEDGER_HELD',
    });
    await releasePipeline(rival, 'shop');
    expect(await advance(db, owner, at('0/50'), at('0/50'))).toBe(at('0/50'));
    await releasePipeline(holder, 'shop');
    expect(await advance(db, owner, at('0/50'), at('0/60'))).toBeNull();
    await expect(holdPipeline(holder, 'shop', at('0/55'))).rejects.toMatchObject({
      code: 'LEDGER_HOLD',
    });
    expect(await holdPipeline(rival, 'shop', at('0/70'))).toBe(at('0/70'));
  });

  it('forgets a hold when its holder dies', async () => {
    const db = await ledger();
    const owner = await claimPipeline(db, claim);
    await setFirstPosition(db, owner, at('0/10'));
    const holder = await db.client();
    await holdPipeline(holder, 'shop', at('0/20'));
    const pid = (await holder.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]
      ?.pid;
    await db.query('select pg_terminate_backend($1, 5000)', [pid]);
    expect(await advance(db, owner, at('0/10'), at('0/10'))).toBeNull();
    expect(await holdPipeline(await db.client(), 'shop', at('0/30'))).toBe(at('0/30'));
  });

  it('keeps states, receipts and the journal of dropped objects, and forgets them together', async () => {
    const db = await ledger();
    await claimPipeline(db, claim);
    const table = { schema: 'public', name: 'Orders, all' };
    const range = {
      rangeNo: 1,
      firstBlock: 0,
      endBlock: null,
      snapshotLsn: at('1/A0'),
      rows: 5_000_000_000,
    };
    await restartTable(db, 'shop', table, at('1/A0'));
    await setTableState(db, 'shop', table, 'copying');
    await recordRange(db, 'shop', table, range);
    expect(await readRanges(db, 'shop', table)).toEqual([range]);
    await expect(recordRange(db, 'shop', table, range)).rejects.toMatchObject({ code: '23505' });
    await setTableState(db, 'shop', table, 'copied', { rows: 7, bytes: 99 });
    await setTableState(db, 'shop', table, 'ready');
    expect(await readTableStates(db, 'shop')).toMatchObject([
      { ...table, state: 'ready', snapshotLsn: at('1/A0'), rows: 7, bytes: 99 },
    ]);
    await restartTable(db, 'shop', table, at('2/0'));
    expect(await readRanges(db, 'shop', table)).toEqual([]);
    expect(await readTableStates(db, 'shop')).toEqual([
      {
        ...table,
        state: 'pending',
        snapshotLsn: at('2/0'),
        rows: null,
        bytes: null,
        copiedAt: null,
        sourceOid: null,
      },
    ]);
    const dropped = { table, ordinal: 1, kind: 'index', name: 'orders_at', definition: 'create …' };
    await journalDrop(db, 'shop', dropped);
    await expect(journalDrop(db, 'shop', dropped)).rejects.toMatchObject({
      code: 'LEDGER_JOURNAL',
    });
    expect(await readJournal(db, 'shop')).toEqual([dropped]);
    await markRestored(db, 'shop', dropped);
    await expect(markRestored(db, 'shop', dropped)).rejects.toMatchObject({
      code: 'LEDGER_JOURNAL',
    });
    expect(await readJournal(db, 'shop')).toEqual([]);
    await journalDrop(db, 'shop', { ...dropped, definition: 'again' });
    expect(await readJournal(db, 'shop')).toMatchObject([{ definition: 'again' }]);
    expect(await dropPipeline(db, 'shop')).toBe(true);
    expect(await dropPipeline(db, 'shop')).toBe(false);
    expect(await readTableStates(db, 'shop')).toEqual([]);
  });

  it('works for a role that owns nothing else, with an empty search path', async () => {
    const db = await server.database();
    await db.query(`drop role if exists ledger_user; create role ledger_user`);
    await db.query(`grant create on database ${db.name} to ledger_user`);
    await db.query("set role ledger_user; set search_path = ''");
    await migrate(db);
    const owner = await claimPipeline(db, claim);
    await setFirstPosition(db, owner, at('0/10'));
    await holdPipeline(db, 'shop', null);
    expect(await advance(db, owner, at('0/10'), at('0/10'))).toBe(at('0/10'));
    await releasePipeline(db, 'shop');
    await advance(db, owner, at('0/10'), at('0/20'));
    await db.query(`reset role; drop owned by ledger_user cascade; drop role ledger_user`);
  });
});
