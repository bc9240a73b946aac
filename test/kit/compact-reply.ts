import {
  BackendTag,
  decodeErrorFields,
  decodeNotification,
  decodeParameterDescription,
  decodeParameterStatus,
  decodeRowDescription,
  decodeTextRow,
} from '../../src/wire/index.ts';

/**
 * A reply as a few letters: its tag, and what a test may ask about it.
 *
 *     1  2  3  n  s  I  c  K  R          without a body that matters
 *     T:a,b   t:23,25   D:1,-   d:1 2    columns, parameter types, a row's values (- is NULL), COPY data
 *     C:SELECT 1   Z:I   E:42P05   F:57P01 (FATAL)   N:00000   S:TimeZone=UTC   A:channel=payload
 */
export function compactReply(tag: number, body: Buffer): string {
  const letter = String.fromCharCode(tag);
  const end = body.length;
  switch (tag) {
    case BackendTag.rowDescription:
      return `T:${decodeRowDescription(body, 0, end)
        .map(({ name }) => name)
        .join()}`;
    case BackendTag.parameterDescription:
      return `t:${decodeParameterDescription(body, 0, end).join()}`;
    case BackendTag.dataRow:
      return `D:${decodeTextRow(body, 0, end)
        .map((value) => value ?? '-')
        .join()}`;
    case BackendTag.commandComplete:
      return `C:${body.toString('utf8', 0, end - 1)}`;
    case BackendTag.readyForQuery:
      return `Z:${body.toString('latin1')}`;
    case BackendTag.errorResponse: {
      const { severity, sqlstate } = decodeErrorFields(body, 0, end);
      return `${severity === 'FATAL' || severity === 'PANIC' ? 'F' : 'E'}:${sqlstate}`;
    }
    case BackendTag.noticeResponse:
      return `N:${decodeErrorFields(body, 0, end).sqlstate}`;
    case BackendTag.parameterStatus: {
      const { name, value } = decodeParameterStatus(body, 0, end);
      return `S:${name}=${value}`;
    }
    case BackendTag.notificationResponse: {
      const { channel, payload } = decodeNotification(body, 0, end);
      return `A:${channel}=${payload}`;
    }
    case BackendTag.copyData:
      return `d:${body.toString('utf8').trimEnd()}`;
    case BackendTag.functionCallResponse:
      return `V:${body.toString('latin1', 4)}`;
    default:
      return letter;
  }
}
