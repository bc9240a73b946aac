import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** An empty folder, removed with the test. */
export function temporaryFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
