import { open, type FileHandle } from 'node:fs/promises';

/** Writes all of `bytes`: a disk that fills up takes a part first and only then refuses. */
export async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error(`wrote ${done} of ${bytes.length} bytes`);
    done += bytesWritten;
  }
}

/**
 * Writes all of `bytes` behind what the file holds, or leaves the file as it was.
 *
 * @throws what the disk said; when the file could not be cut back either, both
 */
export async function appendFully(file: FileHandle, bytes: Buffer, length: number): Promise<void> {
  try {
    await writeFully(file, bytes, length);
  } catch (error) {
    try {
      await file.truncate(length);
    } catch (second) {
      throw new AggregateError([error, second], errorText(error), { cause: second });
    }
    throw error;
  }
}

/** The `length` bytes at `position`; fewer where the file ends before. */
export async function readFully(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** A new, renamed or removed name is durable once its folder is; Windows cannot be asked for that. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
