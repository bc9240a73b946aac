import { describe, expect, it, onTestFinished } from 'vitest';
import {
  claimPipeline,
  journalDrop,
  migrate,
  setFirstPosition,
  setSpill,
  setTableState,
  type Pipeline,
} from '../../src/ledger/index.ts';
import { checkReplication } from '../../src/replicate/check/index.ts';
import { parseLsn } from '../../src/wire/index.ts';
import type { TestDatabase } from '../kit/index.ts';
import { brief, claimOf, Pairs } from './check-pair.ts';

const pairs = new Pairs();
const options = { tables: ['shop.*'], pipeline: 'shop' };

interface Recorded {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly pipeline: Pipeline;
}

/** A pipeline with a slot on the source and its position in the ledger. */
async function makePipeline(): Promise<Recorded> {
  const [source, target] = await pairs.make();
  await migrate(target);
  const pipeline = await claimPipeline(target, await claimOf(source));
  const at = await source.value<string>(
    `select lsn::text from pg_create_logical_replication_slot('${pipeline.slot}', 'pgoutput')`,
  );
  onTestFinished(async () => {
    await source.query(
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = '${pipeline.slot}'`,
    );
  });
  await setFirstPosition(target, pipeline, parseLsn(at));
  return { source, target, pipeline };
}

describe('what check finds of a pipeline that has been running', () => {
  it('is nothing while its slot has all that the target lacks', async () => {
    const { source, target } = await makePipeline();
    expect(await checkReplication({ source, target, ...options })).toEqual([]);
  });

  it('is a slot that is missing', async () => {
    const { source, target, pipeline } = await makePipeline();
    await source.query(`select pg_drop_replication_slot('${pipeline.slot}')`);
    const findings = await checkReplication({ source, target, ...options });
    expect(brief(findings)).toEqual([`CHECK_SLOT_MISSING slot ${pipeline.slot}`]);
    expect(findings[0]).toMatchObject({ severity: 'blocks' });
    expect(findings[0]?.remedy).toContain('empty its tables on the target');
    const atStart = { source, target, ...options, slot: false };
    expect(await checkReplication(atStart)).toEqual([]);
  });

  it('is a slot that is ahead of the ledger, unless a durable spill holds what is between', async () => {
    const { source, target, pipeline } = await makePipeline();
    await source.query("insert into shop.customer values (1, 'x')");
    await source.query(
      `select pg_replication_slot_advance('${pipeline.slot}', pg_current_wal_lsn())`,
    );
    const findings = await checkReplication({ source, target, ...options });
    expect(brief(findings)).toEqual([`CHECK_SLOT_AHEAD slot ${pipeline.slot}`]);
    await setSpill(target, pipeline, 'somewhere');
    expect(await checkReplication({ source, target, ...options })).toEqual([]);
  });

  it('is another source', async () => {
    const { target } = await makePipeline();
    const [other] = await pairs.make();
    const findings = await checkReplication({ source: other, target, ...options });
    expect(brief(findings)).toEqual(['CHECK_OTHER_SOURCE source']);
  });

  it('is no lack of the indexes that wait in its journal', async () => {
    const { source, target } = await makePipeline();
    await target.query('alter table shop.orders drop constraint orders_pkey');
    const before = await checkReplication({ source, target, ...options });
    expect(brief(before)).toEqual(['CHECK_TARGET_KEY shop.orders']);
    const table = { schema: 'shop', name: 'orders' };
    await setTableState(target, 'shop', table, 'indexing');
    await journalDrop(target, 'shop', {
      table,
      ordinal: 1,
      kind: 'constraint',
      name: 'orders_pkey',
      definition: 'alter table shop.orders add primary key (id)',
    });
    expect(await checkReplication({ source, target, ...options })).toEqual([]);
  });
});
