import { SluiceError } from '../../errors/index.ts';
import { scramHashBytes } from './scram-keys.ts';

/** A client's first message, taken apart. Texts hold one character a byte (latin1), so that nothing is lost. */
export interface ClientFirst {
  readonly binding: 'n' | 'y' | 'p';
  /** As sent, with its last comma. */
  readonly gs2Header: string;
  /** What the proof is made over. */
  readonly bare: string;
  readonly nonce: string;
}

export interface ClientFinal {
  /** In base64, as sent. */
  readonly channel: string;
  readonly nonce: string;
  readonly withoutProof: string;
  readonly proof: Buffer;
}

/** Real ones are some 100 bytes long, or 200 with binding data; names may be longer. */
const maxMessageBytes = 4096;
const maxNonceBytes = 512;

const gs2Pattern = /^(?:(n|y)|p=([A-Za-z0-9.-]+)),([^,]*),/;
const barePattern = /^n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)((?:,[A-Za-z]=[^,]+)*)$/;
const finalPattern =
  /^c=([A-Za-z0-9+/]+={0,2}),r=([\x21-\x2b\x2d-\x7e]+)((?:,[A-Za-z]=[^,]+)*?),p=([A-Za-z0-9+/]{43}=)$/;

/**
 *     client-first = (n | y | p=TYPE) "," [a=AUTHZID] "," n=USER ",r=" NONCE ["," EXTENSIONS]
 *
 * The user is not looked at: PostgreSQL's clients send it empty. Unknown optional extensions are passed over.
 *
 * @throws AUTH_CLIENT_MESSAGE, AUTH_CLIENT_BINDING
 */
export function readClientFirst(message: Buffer): ClientFirst {
  const what = 'SCRAM client-first message';
  const text = textOf(message, what);
  const header = gs2Pattern.exec(text);
  if (!header) throw malformed(what, 'a gs2 header (n,, or y,, or p=tls-server-end-point,,)');
  const [gs2Header, flag, bindingType, authzid = ''] = header;
  if (bindingType !== undefined && bindingType !== 'tls-server-end-point') {
    throw new SluiceError('AUTH_CLIENT_BINDING', { reason: 'only tls-server-end-point is known' });
  }
  if (authzid !== '') throw malformed(what, 'no authorization identity');
  const bare = text.slice(gs2Header.length);
  if (bare.startsWith('m=')) throw malformed(what, 'no mandatory extension');
  const parts = barePattern.exec(bare);
  const nonce = parts?.[2] ?? '';
  if (!parts || nonce.length > maxNonceBytes) throw malformed(what, 'n=USER,r=NONCE');
  return { binding: flag === 'n' || flag === 'y' ? flag : 'p', gs2Header, bare, nonce };
}

/**
 *     client-final = c=BINDING ",r=" NONCE ["," EXTENSIONS] ",p=" PROOF
 *
 * @throws AUTH_CLIENT_MESSAGE
 */
export function readClientFinal(message: Buffer): ClientFinal {
  const what = 'SCRAM client-final message';
  const text = textOf(message, what);
  const match = finalPattern.exec(text);
  if (!match) throw malformed(what, 'c=BINDING,r=NONCE,p=PROOF');
  const [, channel = '', nonce = '', , proofText = ''] = match;
  const proof = Buffer.from(proofText, 'base64');
  if (proof.length !== scramHashBytes) throw malformed(what, 'a proof of 32 bytes');
  const withoutProof = text.slice(0, text.length - ',p='.length - proofText.length);
  return { channel, nonce, withoutProof, proof };
}

/** Nothing is parsed, copied or added to before its length is known to be small. */
function textOf(message: Buffer, what: string): string {
  if (message.length > maxMessageBytes) throw malformed(what, `at most ${maxMessageBytes} bytes`);
  if (message.includes(0)) throw malformed(what, 'no zero byte');
  return message.toString('latin1');
}

function malformed(what: string, expected: string): SluiceError {
  return new SluiceError('AUTH_CLIENT_MESSAGE', { what, expected });
}
