import { SluiceError } from '../../errors/index.ts';
import type { Credentials, LoginFacts, LoginStep, StoredUser } from './types.ts';
import type { AuthRules } from './auth-rules.ts';

/** What the ways of asking for a password know of the login. */
export interface LoginContext {
  readonly facts: LoginFacts;
  readonly rules: AuthRules;
  /** Null: nobody of that name. The client must not notice. */
  readonly user: StoredUser | null;
  /** The password was right. */
  accept(bytes: Buffer, credentials: Credentials): LoginStep;
}

/** One way to ask a client for its password. Never used further after `done` or `refuse`. */
export interface Conversation {
  /** The first thing to send. */
  readonly request: Buffer;
  /**
   * @param body  of a `p` message
   * @throws AUTH_CLIENT_MESSAGE, AUTH_CLIENT_BINDING, PROTO_FIELD, PROTO_TRUNCATED, PROTO_TRAILING
   */
  answer(body: Buffer): Promise<LoginStep>;
}

/** PasswordMessage: text and its zero byte. As bytes: a password may be in any encoding. */
export function readPasswordMessage(body: Buffer): Buffer {
  if (body.indexOf(0) !== body.length - 1) {
    throw new SluiceError('AUTH_CLIENT_MESSAGE', {
      what: 'password message',
      expected: 'one text and its zero byte',
    });
  }
  return body.subarray(0, -1);
}

/** Why a login with a password that does not fit failed, for the log. */
export function reasonOf({ user }: LoginContext, wrong: string): string {
  if (user === null) return 'no such user';
  return user.password === null ? 'the user has no password, or one that has expired' : wrong;
}
