import type { Client } from 'pg';
import { existsSync } from 'node:fs';
import { installScript } from '../../../src/queue/index.ts';
import { majors } from '../../kit/index.ts';
import type { TestDatabase, TestServer } from '../../kit/index.ts';

/** An event as the triggers hand it over. */
export type Recorded = readonly (string | null)[];

/** Instead of inserting into a queue, as the original's own tests do. */
const recorder = `
  create table recorded (nr serial, queue text, type text, data text, e1 text, e2 text, e3 text, e4 text);
  create or replace function pgq.insert_event(queue_name text, ev_type text, ev_data text,
    ev_extra1 text, ev_extra2 text, ev_extra3 text, ev_extra4 text)
  returns bigint language plpgsql as $$ begin
    insert into public.recorded (queue, type, data, e1, e2, e3, e4) values ($1, $2, $3, $4, $5, $6, $7);
    return 1;
  end $$;`;

/** The original's triggers in a schema of their own, beside ours. */
const original = `
  create schema original;
  ${['logutriga', 'jsontriga', 'sqltriga', 'logtriga']
    .map(
      (name) => `create function original.${name}() returns trigger
        as '$libdir/pgq_triggers', 'pgq_${name}' language c;`,
    )
    .join('\n')}`;

/** Whether the original can be asked: Debian has it for 15. */
export const hasOriginal =
  majors.includes(15) && existsSync('/usr/lib/postgresql/15/lib/pgq_triggers.so');

export async function recordingDatabase(server: TestServer, extra = ''): Promise<TestDatabase> {
  return server.database(`${installScript()}\n${recorder}\n${extra}`);
}

export async function databaseWithOriginal(server: TestServer): Promise<TestDatabase> {
  return recordingDatabase(server, original);
}

/** What was recorded since it was asked last. */
export async function takeRecorded(client: Pick<Client, 'query'>): Promise<Recorded[]> {
  const { rows } = await client.query({
    text: `with taken as (delete from public.recorded returning *)
           select type, data, e1, e2, e3, e4 from taken order by nr`,
    rowMode: 'array',
  });
  return rows as Recorded[];
}

/** An error as the triggers' users see it, without what differs between languages. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error && 'code' in error)) throw error;
  return `${String(error.code)} ${error.message}`;
}
