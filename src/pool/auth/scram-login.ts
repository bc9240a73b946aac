import { SluiceError } from '../../errors/index.ts';
import {
  BackendWriter,
  certificateHash,
  mockScramSecret,
  scramSecretOf,
  ScramServer,
  stableSalt,
  type ScramSecret,
} from '../../wire/index.ts';
import { reasonOf, type Conversation, type LoginContext } from './conversation.ts';
import { refuse } from './refusals.ts';
import { storedSecretOf } from './stored-secret.ts';
import type { LoginStep } from './types.ts';

/** What the client is challenged with, and what its proof is held against; keys may take a while. */
interface Challenge {
  readonly salt: Buffer;
  readonly iterations: number;
  /** No proof is good enough: there is no such user, or what is stored cannot check one. */
  readonly isMock: boolean;
  keys(): Promise<Pick<ScramSecret, 'storedKey' | 'serverKey'>>;
}

/** AuthenticationSASL: SCRAM-SHA-256, and -PLUS over TLS, from a stored secret or a plain password. */
export class ScramLogin implements Conversation {
  readonly request: Buffer;
  readonly #context: LoginContext;
  readonly #challenge: Challenge;
  readonly #server: ScramServer;
  #isChallenged = false;

  constructor(context: LoginContext) {
    const { isTls, serverCertificate } = context.facts;
    this.#context = context;
    this.#challenge = challengeFor(context);
    this.#server = new ScramServer({
      salt: this.#challenge.salt,
      iterations: this.#challenge.iterations,
      endPointHash: isTls && serverCertificate ? certificateHash(serverCertificate) : null,
    });
    const names = this.#server.mechanisms.map((mechanism) => `${mechanism}\0`);
    const offer = Buffer.from(`${names.join('')}\0`);
    this.request = new BackendWriter().authentication(10, offer).take();
  }

  async answer(body: Buffer): Promise<LoginStep> {
    if (this.#isChallenged) return this.#judge(body);
    this.#isChallenged = true;
    const { mechanism, response } = readSaslInitial(body);
    if (!this.#server.mechanisms.some((offered) => offered === mechanism)) {
      return refuse('mechanism', 'a SASL mechanism that was not offered');
    }
    const bytes = this.#server.first(mechanism, response);
    return { kind: 'send', bytes: new BackendWriter().authentication(11, bytes).take() };
  }

  async #judge(body: Buffer): Promise<LoginStep> {
    const { facts, user } = this.#context;
    const proof = this.#server.final(body, await this.#challenge.keys());
    if (proof === null || this.#challenge.isMock) {
      return refuse('scram', this.#whyNot());
    }
    const isStored = storedSecretOf(user).kind === 'scram';
    const { serverKey } = await this.#challenge.keys();
    const bytes = new BackendWriter().authentication(12, proof.serverFinal).take();
    return this.#context.accept(bytes, {
      user: facts.user,
      password: user?.password ?? null,
      // Keys made of a salt of ours fit no server.
      scramKeys: isStored ? { clientKey: proof.clientKey, serverKey } : null,
    });
  }

  #whyNot(): string {
    const isMd5 = storedSecretOf(this.#context.user).kind === 'md5';
    return reasonOf(
      this.#context,
      isMd5 ? 'the stored secret is MD5, which SCRAM cannot use' : 'wrong password',
    );
  }
}

function challengeFor({ facts, rules, user }: LoginContext): Challenge {
  const stored = storedSecretOf(user);
  const { processKey, scramIterations: iterations, keyCache } = rules;
  if (stored.kind === 'scram') {
    return { ...stored.secret, isMock: false, keys: () => Promise.resolve(stored.secret) };
  }
  if (stored.kind === 'plain') {
    const salt = stableSalt(processKey, facts.user);
    const keys = async (): Promise<ScramSecret> =>
      scramSecretOf(await keyCache.derive(stored.password, salt, iterations), salt, iterations);
    return { salt, iterations, isMock: false, keys };
  }
  const mock = mockScramSecret(processKey, facts.user, iterations);
  return { ...mock, isMock: true, keys: () => Promise.resolve(mock) };
}

/** SASLInitialResponse: the mechanism's name, and a response with its length. */
function readSaslInitial(body: Buffer): { mechanism: string; response: Buffer } {
  const zero = body.indexOf(0);
  const start = zero + 1 + 4;
  if (zero < 0 || body.length < start || body.readInt32BE(zero + 1) !== body.length - start) {
    throw new SluiceError('AUTH_CLIENT_MESSAGE', {
      what: 'SASLInitialResponse',
      expected: 'the name of a mechanism and a response that fills the message',
    });
  }
  return { mechanism: body.toString('latin1', 0, zero), response: body.subarray(start) };
}
