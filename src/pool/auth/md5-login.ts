import { randomBytes } from 'node:crypto';
import { BackendWriter, md5Answer, md5Secret } from '../../wire/index.ts';
import {
  readPasswordMessage,
  reasonOf,
  type Conversation,
  type LoginContext,
} from './conversation.ts';
import { refuse } from './refusals.ts';
import { isSame } from './same.ts';
import { storedSecretOf } from './stored-secret.ts';
import type { LoginStep } from './types.ts';

const saltBytes = 4;

/** AuthenticationMD5Password, for a password stored as it is or as MD5. */
export class Md5Login implements Conversation {
  readonly request: Buffer;
  readonly #context: LoginContext;
  readonly #salt = randomBytes(saltBytes);

  constructor(context: LoginContext) {
    this.#context = context;
    this.request = new BackendWriter().authentication(5, this.#salt).take();
  }

  answer(body: Buffer): Promise<LoginStep> {
    return Promise.resolve(this.#judge(readPasswordMessage(body)));
  }

  #judge(given: Buffer): LoginStep {
    const { facts, user } = this.#context;
    const hash = this.#hash();
    const isRight = isSame(given, md5Answer(hash ?? md5Secret(facts.user, ''), this.#salt));
    if (!isRight || hash === null) {
      return refuse('password', reasonOf(this.#context, 'wrong password'));
    }
    const password = user?.password ?? null;
    return this.#context.accept(Buffer.alloc(0), { user: facts.user, password, scramKeys: null });
  }

  /** @returns null: no password can be right */
  #hash(): string | null {
    const stored = storedSecretOf(this.#context.user);
    if (stored.kind === 'plain') return md5Secret(this.#context.facts.user, stored.password);
    return stored.kind === 'md5' ? stored.hash : null;
  }
}
