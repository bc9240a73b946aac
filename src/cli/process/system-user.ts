import { execFileSync } from 'node:child_process';
import { SluiceError } from '../../errors/index.ts';

export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** The user to become. @returns null: it is the one we are. @throws POOL_USER  there is none, or we may not */
export function findSystemUser(name: string): SystemUser | null {
  const [[uid = 0], [gid = 0], groups] = [idsOf(name, '-u'), idsOf(name, '-g'), idsOf(name, '-G')];
  const user = { name, uid, gid, groups };
  if (process.geteuid?.() === user.uid) return null;
  if (process.geteuid?.() !== 0) throw failure(name, 'Operation not permitted');
  return user;
}

/** For good: there is no way back. */
export function becomeUser({ name, uid, gid, groups }: SystemUser): void {
  try {
    process.setgroups?.([...groups]);
    process.setgid?.(gid);
    process.setuid?.(uid);
  } catch (cause) {
    throw failure(name, cause instanceof Error ? cause.message : String(cause));
  }
}

/** The user's number, its group's, or those of all its groups. */
function idsOf(name: string, kind: '-u' | '-g' | '-G'): number[] {
  try {
    const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
    const ids = execFileSync('id', [kind, '--', name], { encoding: 'utf8', stdio });
    return ids.trim().split(' ').map(Number);
  } catch {
    throw failure(name, 'no such user');
  }
}

function failure(user: string, reason: string): SluiceError {
  return new SluiceError('POOL_USER', { user, reason });
}
