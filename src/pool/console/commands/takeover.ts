import type { Pooler } from '../../pooler.ts';
import { Refusal } from '../../refusal.ts';
import { readLaunch } from '../../takeover/launch.ts';
import type { Command, SessionFacts } from '../command.ts';
import { action } from './operation.ts';

/**
 * `TAKEOVER 'JSON'`: starts the process that the text describes and hands everything to it (`-R`). Not for people,
 * and only for the system user of this process: it names a program to run.
 */
export const takeover: Command = {
  name: 'TAKEOVER',
  parse: ([what, ...more]) => {
    if (what?.kind !== 'string' || more.length > 0) return null;
    return action('TAKEOVER', async ({ operations, pooler }, _signal, asker) => {
      await checkOwner(pooler, asker);
      await operations.handOver(readLaunch(what.text));
    });
  },
};

/** @throws Refusal */
async function checkOwner(pooler: Pooler, { leg }: SessionFacts): Promise<void> {
  const own = process.geteuid?.();
  const isOwner = own !== undefined && pooler.isLocal(leg) && (await pooler.peerUidOf(leg)) === own;
  if (!isOwner) {
    throw new Refusal('42501', 'only the system user of this process may, over its Unix socket');
  }
}
