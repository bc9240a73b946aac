import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where the system's own programs are, whatever PATH we were started with. */
export const systemPath = '/usr/sbin:/usr/bin:/sbin:/bin';

/** The name of an operating-system user: from /etc/passwd, else from the name service. @returns null: none */
export async function systemUserName(uid: number): Promise<string | null> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  return nameOf(uid, passwd) ?? nameOf(uid, await askNameService(uid));
}

/** The number of a group, by name or as it is written. @returns null: there is none of that name */
export async function systemGroupId(group: string): Promise<number | null> {
  if (/^\d+$/.test(group)) return Number(group);
  const groups = await readFile('/etc/group', 'utf8').catch(() => '');
  for (const line of groups.split('\n')) {
    const [name, , id] = line.split(':');
    if (name === group && id !== undefined) return Number(id);
  }
  return null;
}

/** `name:password:uid:...` */
function nameOf(uid: number, passwd: string): string | null {
  for (const line of passwd.split('\n')) {
    const [name, , id] = line.split(':');
    if (name && id === String(uid)) return name;
  }
  return null;
}

async function askNameService(uid: number): Promise<string> {
  const options = { env: { PATH: systemPath }, timeout: 5000 };
  const answer = await run('getent', ['passwd', String(uid)], options).catch(() => null);
  return answer?.stdout ?? '';
}
