import { expect, it } from 'vitest';
import { claimPipeline, journalDrop, migrate, readJournal } from '../../../src/ledger/index.ts';
import { restoreEntry } from '../../../src/replicate/copy/restore-entry.ts';
import { Session } from '../../../src/session/index.ts';
import { postgres } from '../../kit/index.ts';

const server = postgres();

it('asks for privileges, not for other rows, where the role may not make an index again', async () => {
  const db = await server.database('create table t (note text)');
  await migrate(db);
  const claim = { sourceSystemId: '1', sourceDatabase: 'd', slot: 's', publication: 'p' };
  const owner = await claimPipeline(db, { name: 'shop', ...claim });
  const entry = {
    table: { schema: 'public', name: 't' },
    ordinal: 1,
    kind: 'index',
    name: 't_note',
    definition: 'set local role pg_monitor; create index t_note on public.t (note)',
  };
  await journalDrop(db, 'shop', entry);
  await using session = await Session.connect(db.url);
  await expect(restoreEntry(session, owner, entry)).rejects.toMatchObject({
    code: 'COPY_RESTORE_DENIED',
    remedy: expect.stringContaining('CREATE on its schema') as unknown,
  });
  expect(await readJournal(db, 'shop')).toMatchObject([{ name: 't_note' }]);
});
