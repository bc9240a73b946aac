import { findErrorBy, GenericError, MultipleErrors, TimeoutError } from '@platformatic/kafka';
import { isSluiceError, SluiceError } from '../../errors/index.ts';

/** Where something happened, for the words of an error. */
export interface KafkaPlace {
  readonly sink: string;
  readonly place: string;
  readonly ackTimeoutMs: number;
}

/** The brokers' names for what no other try gets past; `path` of the protocol's error codes. */
const notAllowed = [
  'CLUSTER_AUTHORIZATION_FAILED',
  'ILLEGAL_SASL_STATE',
  'SASL_AUTHENTICATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
];
const tooLarge = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/** The request, or a message in it, is larger than the topic takes. */
export function isTooLarge(error: unknown): boolean {
  return tooLarge.some((id) => has(error, 'apiId', id));
}

export function isUnknownTopic(error: unknown): boolean {
  return has(error, 'apiId', 'UNKNOWN_TOPIC_OR_PARTITION');
}

/** What connecting or sending failed with; `id` is the first message that did not arrive. */
export function kafkaError(error: unknown, at: KafkaPlace, id: string | null): SluiceError {
  if (isSluiceError(error)) return error;
  const { sink, place } = at;
  const reason = reasonOf(error);
  const cause = { cause: error };
  if (
    has(error, 'code', 'PLT_KFK_AUTHENTICATION') ||
    notAllowed.some((name) => has(error, 'apiId', name))
  )
    return new SluiceError('SINK_AUTH', { sink, place, reason }, cause);
  if (isTimeout(error))
    return new SluiceError('SINK_TIMEOUT', { sink, place, timeoutMs: at.ackTimeoutMs }, cause);
  const mayPass = !has(error, 'canRetry', false);
  if (has(error, 'code', 'PLT_KFK_PROTOCOL') && !mayPass && id !== null)
    return new SluiceError('SINK_REFUSED', { sink, place, id, reason }, cause);
  // The client knows leaders and connections: with new ones, what has moved is found.
  return id === null
    ? new SluiceError('SINK_CONNECT', { sink, place, reason }, cause)
    : new SluiceError('SINK_LOST', { sink, place, reason }, cause);
}

/** Its code is that of a lost connection. */
function isTimeout(error: unknown): boolean {
  return error instanceof MultipleErrors
    ? error.errors.some(isTimeout)
    : error instanceof TimeoutError;
}

function has(error: unknown, property: string, value: unknown): boolean {
  return isKafka(error) && findErrorBy(error, property, value) !== null;
}

function isKafka(error: unknown): error is GenericError | MultipleErrors {
  return error instanceof GenericError || error instanceof MultipleErrors;
}

/** The innermost one says what happened; those around it, during what. */
function reasonOf(error: unknown): string {
  if (error instanceof MultipleErrors && error.errors.length > 0)
    return reasonOf(error.errors.at(-1));
  if (!(error instanceof Error)) return String(error);
  const apiId: unknown = 'apiId' in error ? error.apiId : undefined;
  const inner = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${typeof apiId === 'string' ? `${apiId}: ` : ''}${error.message}${inner}`;
}
