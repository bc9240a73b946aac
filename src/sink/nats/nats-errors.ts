import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import {
  AuthorizationError,
  InvalidArgumentError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
  UserAuthenticationExpiredError,
} from '@nats-io/transport-node';
import { isSluiceError, SluiceError } from '../../errors/index.ts';
import type { SinkMessage } from '../sink.ts';

/** `err_code` of JetStream's answers, as its server numbers them; the client names only some. */
const apiCodes = {
  notEnabled: 10_076,
  streamMismatch: 10_060,
  messageTooLarge: 10_054,
  wrongLastId: 10_070,
} as const;

/** Somebody else's message came between two of ours, or the one before did not arrive: send again from there. */
export function isOrderRefusal(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === apiCodes.wrongLastId;
}

export function isMissingStream(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
}

/** Nobody listens there: no JetStream, or for a publish no stream, or one without a leader just now. */
export function isUnanswered(error: unknown): boolean {
  const request =
    error instanceof Error && error.cause instanceof RequestError ? error.cause : error;
  return request instanceof RequestError && request.isNoResponders();
}

export function isWithoutJetStream(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return isUnanswered(error);
  const { code } = error;
  return code === JetStreamApiCodes.JetStreamNotEnabledForAccount || code === apiCodes.notEnabled;
}

/** Where something happened, for the words of an error. */
export interface NatsPlace {
  readonly sink: string;
  readonly place: string;
  readonly ackTimeoutMs: number;
}

/** What a connection failed with. */
export function connectError(error: unknown, { sink, place }: NatsPlace): SluiceError {
  if (isSluiceError(error)) return error;
  const reason = reasonOf(error);
  const cause = { cause: error };
  return isAuth(error)
    ? new SluiceError('SINK_AUTH', { sink, place, reason }, cause)
    : new SluiceError('SINK_CONNECT', { sink, place, reason }, cause);
}

/** What a publish failed with. */
export function publishError(error: unknown, message: SinkMessage, at: NatsPlace): SluiceError {
  if (isSluiceError(error)) return error;
  const { sink, place, ackTimeoutMs } = at;
  const reason = reasonOf(error);
  const { id } = message;
  const cause = { cause: error };
  if (error instanceof JetStreamApiError) {
    if (error.code === apiCodes.streamMismatch || error.code === apiCodes.messageTooLarge)
      return new SluiceError('SINK_REFUSED', { sink, place, id, reason }, cause);
    return new SluiceError('SINK_BUSY', { sink, place, reason }, cause);
  }
  if (isAuth(error)) return new SluiceError('SINK_AUTH', { sink, place, reason }, cause);
  if (isOf(error, InvalidArgumentError))
    return new SluiceError('SINK_REFUSED', { sink, place, id, reason }, cause);
  if (isOf(error, TimeoutError))
    return new SluiceError('SINK_TIMEOUT', { sink, place, timeoutMs: ackTimeoutMs }, cause);
  return new SluiceError('SINK_LOST', { sink, place, reason }, cause);
}

/** A permission to publish is missing, or a login was refused or has run out. */
function isAuth(error: unknown): boolean {
  return (
    isOf(error, AuthorizationError) ||
    isOf(error, UserAuthenticationExpiredError) ||
    isOf(error, PermissionViolationError)
  );
}

/** The client wraps what it hears while a request is under way. */
function isOf(error: unknown, type: abstract new (...args: never) => Error): boolean {
  return error instanceof type || (error instanceof Error && error.cause instanceof type);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
