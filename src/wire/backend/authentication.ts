import { MessageReader } from '../message-reader.ts';

/** What an Authentication message says; `sasl*` data is a copy. */
export type Authentication =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cleartextPassword' }
  | { readonly kind: 'md5Password'; readonly salt: Buffer }
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'saslContinue'; readonly data: Buffer }
  | { readonly kind: 'saslFinal'; readonly data: Buffer }
  | { readonly kind: 'unsupported'; readonly method: string };

/** The int32 that says which Authentication message it is (PostgreSQL manual, "Message Formats"). */
const AuthenticationCode = {
  ok: 0,
  kerberosV5: 2,
  cleartextPassword: 3,
  md5Password: 5,
  gss: 7,
  gssContinue: 8,
  sspi: 9,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const;

export function decodeAuthentication(bytes: Buffer, start: number, end: number): Authentication {
  const reader = new MessageReader('Authentication', bytes, start, end);
  const authentication = readAuthentication(reader, reader.int32());
  if (authentication.kind !== 'unsupported') reader.finish();
  return authentication;
}

function readAuthentication(reader: MessageReader, code: number): Authentication {
  switch (code) {
    case AuthenticationCode.ok:
      return { kind: 'ok' };
    case AuthenticationCode.cleartextPassword:
      return { kind: 'cleartextPassword' };
    case AuthenticationCode.md5Password:
      return { kind: 'md5Password', salt: Buffer.from(reader.view(4)) };
    case AuthenticationCode.sasl:
      return { kind: 'sasl', mechanisms: readMechanisms(reader) };
    case AuthenticationCode.saslContinue:
      return { kind: 'saslContinue', data: Buffer.from(reader.rest()) };
    case AuthenticationCode.saslFinal:
      return { kind: 'saslFinal', data: Buffer.from(reader.rest()) };
    case AuthenticationCode.kerberosV5:
      return { kind: 'unsupported', method: 'Kerberos V5' };
    case AuthenticationCode.gss:
    case AuthenticationCode.gssContinue:
      return { kind: 'unsupported', method: 'GSSAPI' };
    case AuthenticationCode.sspi:
      return { kind: 'unsupported', method: 'SSPI' };
    default:
      return { kind: 'unsupported', method: `number ${code}` };
  }
}

/** Names, each with its zero byte, and one zero byte more. */
function readMechanisms(reader: MessageReader): string[] {
  const mechanisms: string[] = [];
  for (let name = reader.text(); name !== ''; name = reader.text()) mechanisms.push(name);
  return mechanisms;
}
