import { X509Certificate } from 'node:crypto';
import { isSluiceError } from '../../errors/index.ts';
import type { AuthRules, ConsoleAccess } from './auth-rules.ts';
import type { Conversation, LoginContext } from './conversation.ts';
import type { HbaMethod } from './hba.ts';
import { Md5Login } from './md5-login.ts';
import { PlainLogin } from './plain-login.ts';
import { refuse, type Refusal } from './refusals.ts';
import { ScramLogin } from './scram-login.ts';
import { storedSecretOf } from './stored-secret.ts';
import { systemUserName } from './system-user.ts';
import type { Credentials, LoginFacts, LoginStep, StoredUser, UserLookup } from './types.ts';

/** The user by which the console lets in its process's own system user. */
const consoleOwner = 'pgbouncer';
const nothing = Buffer.alloc(0);

interface Method {
  readonly name: HbaMethod;
  readonly map: string | null;
}

/**
 * One client's login, as answers to what it sends:
 *
 *     begin() --send--> answer(body of 'p') --send--> answer(...) --done or refuse
 *
 * Nothing is asked of the client before its user was looked up, and what it is asked does not tell whether it was
 * found. Await each call before the next. What `lookup` throws is thrown on: no decision was made.
 */
export class ClientLogin {
  readonly #facts: LoginFacts;
  readonly #rules: AuthRules;
  readonly #lookup: UserLookup;
  #conversation: { readonly with: Conversation; readonly onMalformed: Refusal } | null = null;
  #peerUid: Promise<number | null> | null = null;

  constructor(facts: LoginFacts, rules: AuthRules, lookup: UserLookup) {
    this.#facts = facts;
    this.#rules = rules;
    this.#lookup = lookup;
  }

  async begin(): Promise<LoginStep> {
    const { user } = this.#facts;
    if (await this.#isOwnerOfConsole()) return this.#done(nothing, withoutPassword(user), 'admin');
    if (this.#rules.authType === 'any') return this.#accept(nothing, withoutPassword(user));
    const method = await this.#method();
    if (typeof method === 'string') return refuse('rejected', method);
    switch (method.name) {
      case 'reject':
        return refuse('rejected', 'a reject line of the HBA file');
      case 'trust':
        return this.#enter('trust', await this.#find());
      case 'cert':
        return this.#byCertificate(method.map);
      case 'peer':
        return this.#byPeer(method.map);
      default:
        return this.#askPassword(method.name);
    }
  }

  /** @param body  of a `p` message: PasswordMessage, SASLInitialResponse or SASLResponse */
  async answer(body: Buffer): Promise<LoginStep> {
    const conversation = this.#conversation;
    if (conversation === null) return refuse('rejected', 'an answer where nothing was asked');
    const step = await answerOf(conversation.with, body, conversation.onMalformed);
    if (step.kind !== 'send') this.#conversation = null;
    return step;
  }

  /** @returns a text: why there is none */
  async #method(): Promise<Method | string> {
    const { authType, hba } = this.#rules;
    if (authType !== 'hba' && authType !== 'any') return { name: authType, map: null };
    const match = await hba?.match(this.#facts);
    if (!match) return 'no line of the HBA file fits';
    return { name: match.method, map: match.map };
  }

  async #askPassword(method: 'plain' | 'md5' | 'scram-sha-256'): Promise<LoginStep> {
    const user = await this.#find();
    const context: LoginContext = {
      facts: this.#facts,
      rules: this.#rules,
      user,
      accept: (bytes, credentials) => this.#accept(bytes, credentials),
    };
    const asked = method === 'md5' ? this.#md5Asks(user) : method;
    const conversation = startConversation(asked, context);
    const onMalformed = asked === 'scram-sha-256' ? 'scram' : 'password';
    this.#conversation = { with: conversation, onMalformed };
    return { kind: 'send', bytes: conversation.request };
  }

  /** auth_type=md5 asks a user with a SCRAM secret for SCRAM, as pgBouncer and PostgreSQL do. */
  #md5Asks(user: StoredUser | null): 'md5' | 'scram-sha-256' {
    const { kind } = storedSecretOf(user);
    if (kind !== 'none') this.#rules.md5Asks = kind === 'scram' ? 'scram-sha-256' : 'md5';
    return this.#rules.md5Asks;
  }

  async #byCertificate(map: string | null): Promise<LoginStep> {
    const { isTls, clientCertificate, user } = this.#facts;
    if (!isTls) return refuse('cert', 'TLS connection required');
    if (clientCertificate === null) return refuse('cert', 'no client certificate');
    const name = commonName(clientCertificate);
    if (name === null) return refuse('cert', 'the certificate has no common name, or several');
    if (!this.#allows(map, name, user)) {
      return refuse('cert', `the certificate is for ${JSON.stringify(name)}`);
    }
    return this.#enter('cert', await this.#find());
  }

  async #byPeer(map: string | null): Promise<LoginStep> {
    if (this.#facts.address.kind !== 'unix') return refuse('peer', 'not a Unix socket');
    const uid = await this.#askPeerUid();
    if (uid === null) return refuse('peer', 'the uid of the peer cannot be found out');
    const name = await systemUserName(uid);
    if (name === null) return refuse('peer', `uid ${uid} has no name`);
    if (!this.#allows(map, name, this.#facts.user)) {
      return refuse('peer', `the peer is system user ${JSON.stringify(name)}`);
    }
    return this.#enter('peer', await this.#find());
  }

  #allows(map: string | null, systemUser: string, user: string): boolean {
    if (map === null) return systemUser === user;
    return this.#rules.hba?.ident.allows(map, systemUser, user) ?? false;
  }

  /** Whoever runs the process may see to it, over its Unix socket, by the user `pgbouncer`. */
  async #isOwnerOfConsole(): Promise<boolean> {
    const { isAdmin, user, address } = this.#facts;
    if (!isAdmin || user !== consoleOwner || address.kind !== 'unix') return false;
    const own = process.geteuid?.();
    return own !== undefined && (await this.#askPeerUid()) === own;
  }

  #askPeerUid(): Promise<number | null> {
    this.#peerUid ??= this.#facts.peerUid().catch(() => null);
    return this.#peerUid;
  }

  #find(): Promise<StoredUser | null> {
    return this.#lookup.find(this.#facts.user, this.#facts.database);
  }

  /** For methods that ask for no password. */
  #enter(refusal: Refusal, user: StoredUser | null): LoginStep {
    if (user === null) return refuse(refusal, 'no such user');
    const { password } = user;
    return this.#accept(nothing, { user: this.#facts.user, password, scramKeys: null });
  }

  #accept(bytes: Buffer, credentials: Credentials): LoginStep {
    if (!this.#facts.isAdmin) return this.#done(bytes, credentials, null);
    const access = this.#rules.consoleAccess(this.#facts.user);
    if (access === null) return refuse('console', 'neither in admin_users nor in stats_users');
    return this.#done(bytes, credentials, access);
  }

  #done(bytes: Buffer, credentials: Credentials, consoleAccess: ConsoleAccess | null): LoginStep {
    return { kind: 'done', bytes, credentials, consoleAccess };
  }
}

function startConversation(
  method: 'plain' | 'md5' | 'scram-sha-256',
  context: LoginContext,
): Conversation {
  switch (method) {
    case 'plain':
      return new PlainLogin(context);
    case 'md5':
      return new Md5Login(context);
    default:
      return new ScramLogin(context);
  }
}

/** What a client sends cannot raise anything but a refusal. */
async function answerOf(
  conversation: Conversation,
  body: Buffer,
  onMalformed: Refusal,
): Promise<LoginStep> {
  try {
    return await conversation.answer(body);
  } catch (error) {
    if (
      !isSluiceError(error, 'AUTH_CLIENT_MESSAGE') &&
      !isSluiceError(error, 'AUTH_CLIENT_BINDING')
    ) {
      throw error;
    }
    return refuse(onMalformed, error.message);
  }
}

function withoutPassword(user: string): Credentials {
  return { user, password: null, scramKeys: null };
}

/** @returns null: none, several, or no certificate: then it is not clear whom it is for */
function commonName(certificate: Buffer): string | null {
  try {
    const { CN: name } = new X509Certificate(certificate).toLegacyObject().subject;
    return typeof name === 'string' && name !== '' ? name : null;
  } catch {
    return null;
  }
}
