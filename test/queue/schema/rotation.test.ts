import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { majors, postgres, type TestDatabase } from '../../kit/index.ts';
import {
  currentTable,
  drain,
  queueDatabase,
  register,
  rotate,
  stallInserts,
  tick,
} from './queues.ts';

const levels = ['read committed', 'repeatable read', 'serializable'];

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test.each(levels)(
    'a session that has been idle since before finds the new table, %s',
    async (level) => {
      const database = await queueDatabase(server);
      await register(database, 'c');
      const writer = await database.client();
      await insert(writer, 'before');
      await writer.query(`begin isolation level ${level}`);
      await writer.query('select * from pgq.queue');
      await tick(database);
      expect(await drain(database, 'c')).toEqual(['before']);

      await rotate(database);
      await tick(database);
      expect(await drain(database, 'c')).toEqual([]);
      await insert(writer, 'late');
      await writer.query('commit');

      await tick(database);
      expect(await drain(database, 'c')).toEqual(['late']);
      expect(await tableOf(database, 'late')).toBe('pgq.event_1_1');
    },
  );

  test.each(levels)(
    'a transaction that is older than the rotation is not lost, %s',
    async (level) => {
      const database = await queueDatabase(server);
      await register(database, 'c');
      const writer = await database.client();
      await writer.query(`begin isolation level ${level}`);
      await writer.query('select txid_current()');
      await rotate(database);
      await tick(database);
      await drain(database, 'c');
      await insert(writer, 'late');
      await writer.query('commit');
      await tick(database);
      expect(await drain(database, 'c')).toEqual(['late']);
    },
  );

  test('between the two steps inserts go on in the old table, and are found there', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    await database.query(`select pgq.maint_rotate_tables_step1('q')`);
    expect(await currentTable(database)).toBe(1);
    await insert(await database.client(), 'between');
    expect(await tableOf(database, 'between')).toBe('pgq.event_1_0');
    await tick(database);
    await database.query('select pgq.maint_rotate_tables_step2()');
    expect(await drain(database, 'c')).toEqual(['between']);
  });

  test('who has chosen the old table and not written yet is waited for by the next rotation', async () => {
    const database = await queueDatabase(server);
    await register(database, 'c');
    const stalled = await stallInserts(database, 0);
    const inserted = await stalled.insert(await database.client(), 'stalled');
    await rotate(database);
    expect(await currentTable(database)).toBe(1);
    for (let round = 0; round < 3; round += 1) {
      await tick(database);
      expect(await drain(database, 'c')).toEqual([]);
      await rotate(database);
      expect(await currentTable(database)).toBe(1);
    }
    await stalled.release();
    await inserted();
    await tick(database);
    expect(await drain(database, 'c')).toEqual(['stalled']);
    await tick(database);
    await drain(database, 'c');
    await rotate(database);
    expect(await currentTable(database)).toBe(2);
  });

  test('it is waited for without consumers, too: one may come', async () => {
    const database = await queueDatabase(server);
    const stalled = await stallInserts(database, 0);
    const inserted = await stalled.insert(await database.client(), 'stalled');
    await rotate(database);
    await rotate(database);
    await rotate(database);
    expect(await currentTable(database)).toBe(1);
    await tick(database);
    await register(database, 'c');
    await stalled.release();
    await inserted();
    await tick(database);
    expect(await drain(database, 'c')).toEqual(['stalled']);
  });

  test('step 2 may run in a transaction that is older than a writer to the old table', async () => {
    const database = await queueDatabase(server);
    await database.query(`select pgq.maint_rotate_tables_step1('q')`);
    const rotating = await database.client();
    await rotating.query('begin');
    await rotating.query('select txid_current()');
    const stalled = await stallInserts(database, 0);
    const inserted = await stalled.insert(await database.client(), 'stalled');
    await rotating.query('select pgq.maint_rotate_tables_step2()');
    await rotating.query('commit');
    await tick(database);
    await register(database, 'c');
    await stalled.release();
    await inserted();
    await tick(database);
    expect(await drain(database, 'c')).toEqual(['stalled']);
  });

  test('a slow consumer keeps its events', async () => {
    const database = await queueDatabase(server);
    await register(database, 'fast');
    await register(database, 'slow');
    const writer = await database.client();
    const written: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      await insert(writer, `event ${round}`);
      written.push(`event ${round}`);
      await tick(database);
      await drain(database, 'fast');
      await rotate(database);
    }
    expect(await currentTable(database)).toBe(1);
    expect(await drain(database, 'slow')).toEqual(written);
    await tick(database);
    await Promise.all([drain(database, 'fast'), drain(database, 'slow')]);
    await rotate(database);
    expect(await currentTable(database)).toBe(2);
  });

  test('an emptied table cannot be gone back to', async () => {
    const database = await queueDatabase(server);
    for (let round = 0; round < 3; round += 1) {
      await tick(database);
      await rotate(database);
    }
    await expect(
      database.query(`select pgq.register_consumer_at('q', 'late', 1)`),
    ).rejects.toMatchObject({ code: 'P0001', message: 'cannot reposition, tick not found: 1' });
    expect(await database.rows('select from pgq.tick where tick_id = 1')).toEqual([]);
  });

  test('a table that somebody reads is not waited for', async () => {
    const database = await queueDatabase(server);
    const reader = await database.client();
    await reader.query('begin');
    await reader.query('select * from pgq.event_1_1');
    await rotate(database);
    expect(await currentTable(database)).toBe(0);
    await reader.query('commit');
    await rotate(database);
    expect(await currentTable(database)).toBe(1);
  });
});

async function insert(client: Client, data: string): Promise<void> {
  await client.query(`select pgq.insert_event('q', 'type', $1)`, [data]);
}

async function tableOf(database: TestDatabase, data: string): Promise<string> {
  return database.value('select tableoid::regclass::text from pgq.event_1 where ev_data = $1', [
    data,
  ]);
}
