import { randomBytes } from 'node:crypto';
import { open, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Give a copied, cleanly stopped data directory a system identifier of its own.
 *
 * It stands in two places: first in `global/pg_control`, whose CRC-32C follows the struct at an offset
 * that differs per major (so it is searched: the one place where the stored sum equals the computed
 * one), and at byte 24 of every WAL segment, in the long header of its first page, which has no sum.
 */
export async function changeSystemIdentifier(dataDir: string): Promise<void> {
  const identifier = randomBytes(8);
  identifier.writeUInt8(identifier.readUInt8(7) & 0x7f, 7); // shown as a signed bigint by SQL
  const controlPath = join(dataDir, 'global', 'pg_control');
  const control = await readFile(controlPath);
  const checksumAt = findChecksum(control);
  identifier.copy(control, 0);
  control.writeUInt32LE(crc32c(control, checksumAt), checksumAt);
  await writeFile(controlPath, control);
  const walDir = join(dataDir, 'pg_wal');
  for (const name of await readdir(walDir)) {
    if (/^[0-9A-F]{24}$/.test(name)) await writeAt(join(walDir, name), identifier, 24);
  }
}

async function writeAt(path: string, bytes: Buffer, position: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, position);
  } finally {
    await file.close();
  }
}

function findChecksum(control: Buffer): number {
  let running = 0xffffffff;
  for (let at = 0; at + 4 <= control.length; at++) {
    if (at % 4 === 0 && at >= 64 && control.readUInt32LE(at) === ~running >>> 0) return at;
    running = step(running, control[at] ?? 0);
  }
  throw new Error('invariant: pg_control of a little-endian server holds its own CRC-32C');
}

function crc32c(bytes: Buffer, length: number): number {
  let running = 0xffffffff;
  for (let at = 0; at < length; at++) running = step(running, bytes[at] ?? 0);
  return ~running >>> 0;
}

function step(running: number, byte: number): number {
  let next = (running ^ byte) >>> 0;
  // 0x82f63b78: the Castagnoli polynomial, bits reversed.
  for (let bit = 0; bit < 8; bit++) next = next & 1 ? (next >>> 1) ^ 0x82f63b78 : next >>> 1;
  return next >>> 0;
}
