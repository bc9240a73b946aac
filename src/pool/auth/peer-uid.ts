import { execFile } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { systemPath } from './system-user.ts';

/**
 * Who is at the other end of a Unix socket. Node has no SO_PEERCRED, so the kernel's records are read:
 *
 *     our socket's inode --ss (sock_diag)--> the peer's inode --/proc/PID/fd--> who holds it --/proc/PID/status--> uid
 *
 * Three things must agree, or nobody is named: one and only one line of `ss` has our inode, and the line of the
 * peer points back; all processes we can see holding the peer's end run under one effective uid; and the socket
 * was created by that uid (the owner of its inode), so that handing an open socket to another user's process does
 * not pass for that user.
 *
 * Who does not run as root sees only the processes of its own user: enough for the console, not for method peer.
 */
export async function peerUid(socket: Socket): Promise<number | null> {
  const inode = socketInode(socket);
  return inode === null ? null : finder.find(inode);
}

/** @returns null: closed, or no Linux */
export function socketInode(socket: Socket): number | null {
  const fd = descriptorOf(socket);
  if (fd === null) return null;
  try {
    return inodeOfLink(readlinkSync(`/proc/self/fd/${fd}`));
  } catch {
    return null;
  }
}

/** Node keeps the descriptor in a place it does not document, and has kept it there since its first versions. */
function descriptorOf(socket: Socket): number | null {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return null;
  const fd: unknown = Reflect.get(handle, 'fd');
  return typeof fd === 'number' && fd >= 0 ? fd : null;
}

function inodeOfLink(link: string): number | null {
  const match = /^socket:\[(\d+)\]$/.exec(link);
  return match ? Number(match[1]) : null;
}

interface Question {
  readonly inode: number;
  readonly answer: (uid: number | null) => void;
}

/**
 * Looks up many at once: a thousand clients that come together cost one run of `ss` and one walk through /proc.
 * Questions wait while a walk is under way, for its records may be older than their sockets.
 */
class PeerFinder {
  #waiting: Question[] = [];
  #isBusy = false;

  find(inode: number): Promise<number | null> {
    const { promise, resolve } = Promise.withResolvers<number | null>();
    this.#waiting.push({ inode, answer: resolve });
    if (!this.#isBusy) void this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const questions = this.#waiting;
      this.#waiting = [];
      const uids = await findAll(questions.map(({ inode }) => inode)).catch(() => new Map());
      for (const { inode, answer } of questions) answer(uids.get(inode) ?? null);
    }
    this.#isBusy = false;
  }
}

const unsure = -1;

const finder = new PeerFinder();

async function findAll(inodes: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const peers = parsePeers(await listUnixSockets());
  const wanted = new Set<number>();
  for (const inode of inodes) {
    const peer = peers.get(inode);
    if (peer !== undefined) wanted.add(peer);
  }
  if (wanted.size === 0) return new Map();
  const holders = await holderUids(wanted);
  const uids = new Map<number, number>();
  for (const inode of inodes) {
    const [uid, ...others] = holders.get(peers.get(inode) ?? -1) ?? [];
    if (uid !== undefined && uid !== unsure && others.length === 0) uids.set(inode, uid);
  }
  return uids;
}

const runFile = promisify(execFile);
/** 10,000 connections are 2 MB. */
const maxListBytes = 256 * 1024 * 1024;

async function listUnixSockets(): Promise<string> {
  const options = { env: { PATH: systemPath }, timeout: 5000, maxBuffer: maxListBytes };
  const listed = await runFile('ss', ['-xHn'], options).catch(() => null);
  return listed?.stdout ?? '';
}

const connectedLine = /^u_str\s+ESTAB\s+\d+\s+\d+\s.*?\s(\d+)\s+\*\s+(\d+)\s*$/;

/**
 * Both directions of every connected pair. A name of a socket may hold anything, line feeds included, and look
 * like a line of its own: an inode that comes twice counts as unknown.
 */
export function parsePeers(list: string): ReadonlyMap<number, number> {
  const peers = new Map<number, number>();
  const doubtful = new Set<number>();
  for (const line of list.split('\n')) {
    const match = connectedLine.exec(line);
    if (!match) continue;
    const [own, peer] = [Number(match[1]), Number(match[2])];
    if (peers.has(own)) doubtful.add(own);
    peers.set(own, peer);
  }
  const isSure = (own: number, peer: number): boolean =>
    !doubtful.has(own) && !doubtful.has(peer) && peers.get(peer) === own;
  return new Map([...peers].filter(([own, peer]) => isSure(own, peer)));
}

/** The effective uids of the processes that hold each of these sockets, and `unsure` where a check failed. */
async function holderUids(inodes: ReadonlySet<number>): Promise<Map<number, Set<number>>> {
  const uids = new Map<number, Set<number>>();
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    for (const [inode, fd] of await heldSockets(pid, inodes)) {
      const uid = await holderUid(pid, fd, inode);
      uids.set(inode, (uids.get(inode) ?? new Set()).add(uid));
    }
  }
  return uids;
}

/** Processes that end meanwhile or are not ours to look into hold nothing that we can see. */
async function heldSockets(pid: string, inodes: ReadonlySet<number>): Promise<[number, string][]> {
  const folder = `/proc/${pid}/fd`;
  const held: [number, string][] = [];
  for (const fd of await readdir(folder).catch(() => [])) {
    const inode = inodeOfLink(await readlink(`${folder}/${fd}`).catch(() => ''));
    if (inode !== null && inodes.has(inode)) held.push([inode, fd]);
  }
  return held;
}

/** The socket is looked at after the process: then the process was still the one that holds it. */
async function holderUid(pid: string, fd: string, inode: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const uid = Number(/^Uid:\t\d+\t(\d+)\t/m.exec(status)?.[1] ?? unsure);
  const facts = await stat(`/proc/${pid}/fd/${fd}`).catch(() => null);
  const isHeldByMaker = facts !== null && facts.ino === inode && facts.uid === uid;
  return isHeldByMaker ? uid : unsure;
}
