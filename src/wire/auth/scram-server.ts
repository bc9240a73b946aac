import { randomBytes, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '../../errors/index.ts';
import type { ScramMechanism } from './channel-binding.ts';
import { readClientFinal, readClientFirst, type ClientFirst } from './scram-client-messages.ts';
import { hmac, storedKeyOf, xor } from './scram-keys.ts';
import type { ScramSecret } from './scram-secret.ts';

export interface ScramServerOptions {
  readonly salt: Buffer;
  readonly iterations: number;
  /** certificateHash of our certificate: SCRAM-SHA-256-PLUS is offered; null: it is not. */
  readonly endPointHash: Buffer | null;
  /** Printable ASCII without commas, appended to the client's. Default: 18 random bytes in base64. */
  readonly nonce?: string;
}

/** A proof that fits. The client knows the password; its key logs in wherever the same secret is stored. */
export interface ScramProof {
  readonly serverFinal: Buffer;
  readonly clientKey: Buffer;
}

const nonceBytes = 18;

/**
 *     start --first()--> challenged --final()--> over
 */
type State =
  | { readonly at: 'start' }
  | { readonly at: 'challenged'; readonly first: ClientFirst; readonly serverFirst: string }
  | { readonly at: 'over' };

/**
 * The server's side of one SCRAM-SHA-256 or SCRAM-SHA-256-PLUS login (RFC 5802, RFC 7677), by PostgreSQL's
 * rules: the user of the startup message counts, an authorization identity is refused.
 *
 * Nothing slow happens here: keys derived from a plain password are needed only by `final`, so that the
 * challenge goes out as soon for a user who is known as for one who is not.
 */
export class ScramServer {
  readonly mechanisms: readonly ScramMechanism[];
  readonly #options: ScramServerOptions;
  readonly #nonce: string;
  #state: State = { at: 'start' };

  constructor(options: ScramServerOptions) {
    this.#options = options;
    this.#nonce = options.nonce ?? randomBytes(nonceBytes).toString('base64');
    this.mechanisms = offeredMechanisms(options.endPointHash !== null);
  }

  /**
   * @param mechanism  the client's choice among `mechanisms`
   * @throws AUTH_CLIENT_MESSAGE  malformed, too long, or asks for what we do not support
   * @throws AUTH_CLIENT_BINDING  the client was not shown what we offer, or binds to something else
   */
  first(mechanism: string, clientFirst: Buffer): Buffer {
    if (this.#state.at !== 'start') throw outOfTurn();
    this.#state = { at: 'over' };
    const first = readClientFirst(clientFirst);
    this.#checkBinding(mechanism, first);
    const { salt, iterations } = this.#options;
    const serverFirst = `r=${first.nonce}${this.#nonce},s=${salt.toString('base64')},i=${iterations}`;
    this.#state = { at: 'challenged', first, serverFirst };
    return Buffer.from(serverFirst, 'latin1');
  }

  /**
   * @param keys  of the secret whose salt and iterations this login was begun with
   * @returns null: the proof does not fit
   * @throws AUTH_CLIENT_MESSAGE, AUTH_CLIENT_BINDING
   */
  final(
    clientFinal: Buffer,
    keys: Pick<ScramSecret, 'storedKey' | 'serverKey'>,
  ): ScramProof | null {
    const state = this.#state;
    if (state.at !== 'challenged') throw outOfTurn();
    this.#state = { at: 'over' };
    const { first, serverFirst } = state;
    const { channel, nonce, withoutProof, proof } = readClientFinal(clientFinal);
    if (!isSame(channel, this.#channelOf(first))) throw unbound('the binding data differ');
    if (!isSame(nonce, `${first.nonce}${this.#nonce}`)) {
      throw new SluiceError('AUTH_CLIENT_MESSAGE', {
        what: 'the SCRAM nonce',
        expected: 'the one we sent',
      });
    }
    const authMessage = Buffer.from(`${first.bare},${serverFirst},${withoutProof}`, 'latin1');
    const clientKey = xor(proof, hmac(keys.storedKey, authMessage));
    const signature = hmac(keys.serverKey, authMessage).toString('base64');
    if (!timingSafeEqual(storedKeyOf(clientKey), keys.storedKey)) return null;
    return { serverFinal: Buffer.from(`v=${signature}`, 'latin1'), clientKey };
  }

  /** RFC 5802, section 6: the flag must agree with what was offered and chosen. */
  #checkBinding(mechanism: string, { binding }: ClientFirst): void {
    if (!this.mechanisms.some((offered) => offered === mechanism)) {
      throw new SluiceError('AUTH_CLIENT_MESSAGE', {
        what: 'the choice of a SASL mechanism',
        expected: this.mechanisms.join(' or '),
      });
    }
    const chosePlus = mechanism === 'SCRAM-SHA-256-PLUS';
    if (chosePlus && binding !== 'p') throw unbound(`${mechanism} without binding`);
    if (!chosePlus && binding === 'p') throw unbound(`${mechanism} with binding`);
    const offeredPlus = this.#options.endPointHash !== null;
    if (binding === 'y' && offeredPlus) {
      throw unbound(
        'it could bind and believes that we cannot; somebody may have hidden our offer',
      );
    }
  }

  #channelOf({ binding, gs2Header }: ClientFirst): string {
    const header = Buffer.from(gs2Header, 'latin1');
    const hash = binding === 'p' ? this.#options.endPointHash : null;
    return (hash ? Buffer.concat([header, hash]) : header).toString('base64');
  }
}

function offeredMechanisms(canBind: boolean): readonly ScramMechanism[] {
  return canBind ? ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'] : ['SCRAM-SHA-256'];
}

function isSame(given: string, due: string): boolean {
  const [a, b] = [Buffer.from(given, 'latin1'), Buffer.from(due, 'latin1')];
  return a.length === b.length && timingSafeEqual(a, b);
}

function unbound(reason: string): SluiceError {
  return new SluiceError('AUTH_CLIENT_BINDING', { reason });
}

function outOfTurn(): SluiceError {
  return new SluiceError('AUTH_CLIENT_MESSAGE', {
    what: 'sequence of SCRAM messages',
    expected: 'one first and one final message',
  });
}
