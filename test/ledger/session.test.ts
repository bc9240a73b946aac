import { describe, expect, it } from 'vitest';
import {
  advance,
  checkEpoch,
  claimPipeline,
  holdPipeline,
  migrate,
  readPipeline,
  readTableStates,
  setFirstPosition,
  setTableState,
} from '../../src/ledger/index.ts';
import { Session } from '../../src/session/index.ts';
import { parseLsn } from '../../src/wire/index.ts';
import { postgres } from '../kit/index.ts';

describe('the ledger through a session of ours', () => {
  const server = postgres();

  it('is the same as through a pg client', async () => {
    const db = await server.database();
    const session = await Session.connect(db.url, { purpose: 'ledger' });
    const at = parseLsn;
    const claim = { sourceSystemId: '1', sourceDatabase: 'd', slot: 's', publication: 'p' };
    await migrate(session);
    const owner = await claimPipeline(session, { name: 'shop', ...claim });
    await setFirstPosition(session, owner, at('0/10'));
    await setTableState(session, 'shop', { schema: 's', name: 't' }, 'copied', { rows: 5 });
    await checkEpoch(session, owner);
    expect(await advance(session, owner, at('0/10'), at('0/20'))).toBeNull();
    await holdPipeline(session, 'shop', null);
    expect(await readPipeline(session, 'shop')).toEqual(await readPipeline(db, 'shop'));
    expect(await readTableStates(session, 'shop')).toEqual(await readTableStates(db, 'shop'));
    await claimPipeline(db, { name: 'shop', ...claim });
    await expect(advance(session, owner, at('0/20'), at('0/20'))).rejects.toMatchObject({
      code: 'LEDGER_FENCED',
    });
    expect(session.transactionStatus).toBe('I');
    await session.close();
  });
});
