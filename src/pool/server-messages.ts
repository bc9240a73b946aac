import type { ServerMessageFields } from '../errors/index.ts';
import { BackendTag } from '../wire/index.ts';

/** The status of a server that no transaction is open in. */
export const idleStatus = 0x49; // I
export const failedStatus = 0x45; // E

/** I, T, E. */
export function isStatus(status: number): boolean {
  return status === idleStatus || status === 0x54 || status === failedStatus;
}

/** Messages that come at any time and answer nothing. */
export function isAside(tag: number): boolean {
  return (
    tag === BackendTag.noticeResponse ||
    tag === BackendTag.parameterStatus ||
    tag === BackendTag.notificationResponse
  );
}

/** Messages that may be large and of which only the header matters. */
export function isBulky(tag: number): boolean {
  return (
    tag === BackendTag.rowDescription ||
    tag === BackendTag.parameterDescription ||
    tag === BackendTag.functionCallResponse
  );
}

/** A statement of ours that somebody has taken away where we could not see it; null: another error. */
export function missingStatement({ sqlstate, message }: ServerMessageFields): string | null {
  if (sqlstate !== '26000') return null;
  return /"(SLUICE_\d+(?:_\d+)?)"/.exec(message)?.[1] ?? null;
}

/** "cached plan must not change result type" */
export function isStalePlan(fields: ServerMessageFields): boolean {
  return fields.sqlstate === '0A000' && fields.routine === 'RevalidateCachedQuery';
}

/** The same error about a statement by the client's own name for it. */
export function renamed(
  fields: ServerMessageFields,
  { from, to }: { from: string; to: string },
): ServerMessageFields {
  return { ...fields, message: fields.message.replace(from, () => to) };
}
