import { Secret } from '../../session/index.ts';
import {
  BackendWriter,
  deriveScramKeys,
  md5Secret,
  mockScramSecret,
  scramSecretOf,
  type ScramKeys,
} from '../../wire/index.ts';
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

/** AuthenticationCleartextPassword. What the client gives is good for every server, whatever is stored here. */
export class PlainLogin implements Conversation {
  readonly request = new BackendWriter().authentication(3).take();
  readonly #context: LoginContext;

  constructor(context: LoginContext) {
    this.#context = context;
  }

  async answer(body: Buffer): Promise<LoginStep> {
    const given = readPasswordMessage(body).toString();
    const { user } = this.#context.facts;
    const proof = await this.#check(given);
    if (proof === null) return refuse('password', reasonOf(this.#context, 'wrong password'));
    const password = new Secret(given);
    return this.#context.accept(Buffer.alloc(0), { user, password, scramKeys: proof.scramKeys });
  }

  /** @returns null: it does not fit */
  async #check(given: string): Promise<{ scramKeys: ScramKeys | null } | null> {
    const stored = storedSecretOf(this.#context.user);
    const { facts, rules } = this.#context;
    if (given !== '') {
      if (stored.kind === 'plain' && isSame(given, stored.password)) return { scramKeys: null };
      const hash = stored.kind === 'md5' ? stored.hash : null;
      if (hash !== null && isSame(md5Secret(facts.user, given), hash)) return { scramKeys: null };
    }
    // Everything that fails derives keys once, so that time does not tell what is stored, or whether anything is.
    const known = stored.kind === 'scram' ? stored.secret : null;
    const secret = known ?? mockScramSecret(rules.processKey, facts.user, rules.scramIterations);
    const keys = await deriveScramKeys(given, secret.salt, secret.iterations);
    const { storedKey } = scramSecretOf(keys, secret.salt, secret.iterations);
    const isRight = isSame(storedKey, secret.storedKey) && known !== null && given !== '';
    return isRight ? { scramKeys: keys } : null;
  }
}
