import { SluiceError } from '../errors/index.ts';
import type { Authentication } from './backend/authentication.ts';
import { MessageWriter } from './frontend.ts';
import { certificateHash } from './auth/certificate-hash.ts';
import { chooseScram, requiredBut, type ChannelBindingMode } from './auth/channel-binding.ts';
import { md5Answer, md5Password } from './auth/md5-password.ts';
import type { ScramKeyCache } from './auth/scram-key-cache.ts';
import { ScramClient, type ScramCredential } from './auth/scram.ts';

/** How we may have to log in, by libpq's names for require_auth. `none`: the server asked for nothing. */
export type AuthenticationMethod = 'none' | 'password' | 'md5' | 'scram-sha-256';

/** What is known of the user's secret. Only the password itself answers every method. */
export type AuthenticationSecret =
  | { readonly kind: 'password'; readonly password: string }
  /** `md5...`, as the server stores it. */
  | { readonly kind: 'md5'; readonly hash: string }
  /** Learnt from a SCRAM login with the very secret that the server stores. */
  | { readonly kind: 'scramKeys'; readonly clientKey: Buffer; readonly serverKey: Buffer };

export interface AuthenticatorOptions {
  readonly user: string;
  /** Undefined or empty: none given; fine until the server asks. */
  readonly password?: string | undefined;
  /** In place of `password`. */
  readonly secret?: AuthenticationSecret | undefined;
  /** Shared by many logins, so that a password is derived once a salt. */
  readonly scramKeyCache?: ScramKeyCache | undefined;
  readonly channelBinding: ChannelBindingMode;
  readonly isTls: boolean;
  /** The server's certificate in DER; null without TLS. */
  readonly serverCertificate: Buffer | null;
  /** libpq's require_auth; absent: every method is good. */
  readonly allowedMethods?: ReadonlySet<AuthenticationMethod>;
}

/**
 *     start --ok---------------------------------------------> done
 *     start --cleartextPassword, md5Password--> passwordSent --ok--> done
 *     start --sasl--> first --saslContinue--> final --saslFinal--> proven --ok--> done
 *
 * Everything else breaks the login off: a server that skips a step has not shown that it knows the password.
 */
type State =
  | { readonly at: 'start' }
  | { readonly at: 'passwordSent'; readonly method: AuthenticationMethod }
  | { readonly at: 'first'; readonly scram: ScramClient; readonly isBound: boolean }
  | { readonly at: 'final'; readonly scram: ScramClient; readonly isBound: boolean }
  | { readonly at: 'proven'; readonly isBound: boolean }
  | { readonly at: 'done' };

/** What each state waits for, in words. */
const due: Readonly<Record<State['at'], string>> = {
  start: 'a request or the end of authentication',
  passwordSent: 'the end of authentication',
  first: 'SASLContinue',
  final: 'SASLFinal',
  proven: 'the end of authentication',
  done: 'nothing more',
};

const secretNames = {
  md5: 'an MD5 secret',
  scramKeys: 'a pair of SCRAM keys',
} as const;

/** One login, as answers to the server's Authentication messages. */
export class Authenticator {
  private readonly options: AuthenticatorOptions;
  private state: State = { at: 'start' };

  constructor(options: AuthenticatorOptions) {
    this.options = options;
  }

  get isDone(): boolean {
    return this.state.at === 'done';
  }

  /** The message to send in answer; null: nothing is to be sent. Await each before the next. */
  async answer(message: Authentication): Promise<Buffer | null> {
    const { state } = this;
    switch (message.kind) {
      case 'ok':
        return this.end(state);
      case 'cleartextPassword':
        return this.sendPassword(state, 'password', () => this.passwordFor('password'));
      case 'md5Password':
        return this.sendPassword(state, 'md5', () => this.md5AnswerTo(message.salt));
      case 'sasl':
        return this.startScram(state, message.mechanisms);
      case 'saslContinue': {
        if (state.at !== 'first') throw this.outOfTurn('SASLContinue');
        this.state = { ...state, at: 'final' };
        return new MessageWriter().saslResponse(await state.scram.clientFinal(message.data)).take();
      }
      case 'saslFinal':
        if (state.at !== 'final') throw this.outOfTurn('SASLFinal');
        state.scram.verify(message.data);
        this.state = { at: 'proven', isBound: state.isBound };
        return null;
      default:
        throw new SluiceError('AUTH_UNSUPPORTED', { method: message.method });
    }
  }

  private sendPassword(state: State, method: 'password' | 'md5', answer: () => string): Buffer {
    if (state.at !== 'start') throw this.outOfTurn(`a request for ${method}`);
    this.checkAllowed(method);
    if (this.options.channelBinding === 'require') {
      throw requiredBut(`the server asks for ${method} authentication`);
    }
    const text = answer();
    this.state = { at: 'passwordSent', method };
    return new MessageWriter().password(text).take();
  }

  private startScram(state: State, offered: readonly string[]): Buffer {
    if (state.at !== 'start') throw this.outOfTurn('a request for SASL');
    this.checkAllowed('scram-sha-256');
    const { channelBinding, isTls, serverCertificate } = this.options;
    const { mechanism, binding } = chooseScram(offered, {
      mode: channelBinding,
      isTls,
      endPointHash: isTls && serverCertificate ? certificateHash(serverCertificate) : null,
    });
    const keyCache = this.options.scramKeyCache;
    const scram = new ScramClient({ ...this.scramCredential(), binding, keyCache });
    this.state = { at: 'first', scram, isBound: binding.flag === 'p' };
    return new MessageWriter().saslInitial(mechanism, scram.clientFirst()).take();
  }

  private end(state: State): null {
    switch (state.at) {
      case 'start':
        this.checkAllowed('none');
        if (this.options.channelBinding === 'require') {
          throw requiredBut('the server asks for no authentication');
        }
        break;
      case 'passwordSent':
      case 'proven':
        break;
      case 'first':
      case 'final':
      case 'done':
        throw this.outOfTurn('the end of authentication');
    }
    this.state = { at: 'done' };
    return null;
  }

  private checkAllowed(method: AuthenticationMethod): void {
    const { allowedMethods } = this.options;
    if (allowedMethods === undefined || allowedMethods.has(method)) return;
    const allowed = [...allowedMethods].join(', ');
    throw new SluiceError('AUTH_METHOD_REFUSED', { method, allowed });
  }

  private md5AnswerTo(salt: Buffer): string {
    const { secret, user } = this.options;
    if (secret?.kind === 'md5') return md5Answer(secret.hash, salt);
    return md5Password(user, this.passwordFor('md5'), salt);
  }

  private scramCredential(): ScramCredential {
    const { secret } = this.options;
    return secret?.kind === 'scramKeys'
      ? { keys: secret }
      : { password: this.passwordFor('scram-sha-256') };
  }

  private passwordFor(method: string): string {
    const { secret } = this.options;
    if (secret !== undefined && secret.kind !== 'password') {
      throw new SluiceError('AUTH_SECRET_UNFIT', { method, secret: secretNames[secret.kind] });
    }
    const password = secret?.password ?? this.options.password;
    if (password === undefined || password === '') {
      throw new SluiceError('AUTH_PASSWORD_MISSING', { method });
    }
    return password;
  }

  private outOfTurn(got: string): SluiceError {
    return new SluiceError('AUTH_SEQUENCE', { got, expected: due[this.state.at] });
  }
}
