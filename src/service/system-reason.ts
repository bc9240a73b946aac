/** `ENOENT` of an error of the file system, else what it says. */
export function systemReason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
