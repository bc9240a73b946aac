import { SluiceError } from '../../errors/index.ts';

/** libpq's channel_binding. */
export type ChannelBindingMode = 'disable' | 'prefer' | 'require';

/** What the first SCRAM message says about channel binding (RFC 5802, section 7, gs2-cbind-flag). */
export type ChannelBinding =
  /** We cannot or will not bind. */
  | { readonly flag: 'n' }
  /** We could, and believe that the server cannot. A server that can ends the login: somebody hid its offer. */
  | { readonly flag: 'y' }
  /** Bound to the TLS channel by the hash of the server's certificate (RFC 5929, tls-server-end-point). */
  | { readonly flag: 'p'; readonly endPointHash: Buffer };

export type ScramMechanism = 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';

export interface ScramChoice {
  readonly mechanism: ScramMechanism;
  readonly binding: ChannelBinding;
}

export interface ChannelFacts {
  readonly mode: ChannelBindingMode;
  readonly isTls: boolean;
  /** certificateHash of the server's certificate; null without TLS or when none is defined for it. */
  readonly endPointHash: Buffer | null;
}

/**
 * Chooses among the SASL mechanisms a server offers.
 *
 * @throws AUTH_MECHANISM  none that we speak
 * @throws AUTH_CHANNEL_BINDING  binding is required and cannot be had
 * @throws AUTH_SEQUENCE  a binding mechanism is offered where there is no TLS channel to bind to
 */
export function chooseScram(offered: readonly string[], facts: ChannelFacts): ScramChoice {
  const offersPlus = offered.includes('SCRAM-SHA-256-PLUS');
  const { mode, isTls, endPointHash } = facts;
  if (offersPlus && !isTls) {
    const details = {
      got: 'an offer of SCRAM-SHA-256-PLUS without TLS',
      expected: 'SCRAM-SHA-256',
    };
    throw new SluiceError('AUTH_SEQUENCE', details);
  }
  if (offersPlus && endPointHash !== null && mode !== 'disable') {
    return { mechanism: 'SCRAM-SHA-256-PLUS', binding: { flag: 'p', endPointHash } };
  }
  if (mode === 'require') throw cannotBind(facts);
  if (!offered.includes('SCRAM-SHA-256')) {
    throw new SluiceError('AUTH_MECHANISM', { offered: offered.join(', ').slice(0, 200) });
  }
  const couldBind = isTls && endPointHash !== null && mode !== 'disable';
  return { mechanism: 'SCRAM-SHA-256', binding: { flag: couldBind ? 'y' : 'n' } };
}

function cannotBind({ isTls, endPointHash }: ChannelFacts): SluiceError {
  if (!isTls) return requiredBut('the connection is not encrypted by TLS');
  if (endPointHash === null) return requiredBut("the server's certificate has no hash to bind to");
  return requiredBut('the server does not offer it');
}

export function requiredBut(reason: string): SluiceError {
  return new SluiceError('AUTH_CHANNEL_BINDING', { reason });
}
