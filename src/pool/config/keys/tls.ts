import { tlsModes } from '../../../session/index.ts';
import { changeable } from './setting-key.ts';
import { choice, path, text, type ValueType } from './value-type.ts';

/** What `*_tls_protocols` stands for, oldest first. */
export const tlsProtocols = ['tlsv1.0', 'tlsv1.1', 'tlsv1.2', 'tlsv1.3'] as const;

const shortcuts: Readonly<Record<string, readonly string[]>> = {
  all: tlsProtocols,
  legacy: tlsProtocols,
  default: ['tlsv1.2', 'tlsv1.3'],
  secure: ['tlsv1.2', 'tlsv1.3'],
};

/** The protocols that a text asks for, oldest first; undefined where it names none or a gap. */
export function readTlsProtocols(given: string): readonly string[] | undefined {
  const words = given
    .toLowerCase()
    .split(/[,:\s]+/)
    .filter((word) => word !== '');
  const known = words.every((word) => word in shortcuts || isProtocol(word));
  const asked = new Set(words.flatMap((word) => shortcuts[word] ?? [word]));
  const [first, last] = [
    tlsProtocols.findIndex((name) => asked.has(name)),
    tlsProtocols.findLastIndex((name) => asked.has(name)),
  ];
  return known && first >= 0 && last - first + 1 === asked.size
    ? tlsProtocols.slice(first, last + 1)
    : undefined;
}

function isProtocol(word: string): boolean {
  return tlsProtocols.some((name) => name === word);
}

const protocols: ValueType<string> = {
  ...text,
  name: 'secure, all, or neighbours of tlsv1.0, tlsv1.1, tlsv1.2, tlsv1.3 with commas between them',
  parse: (given) => (readTlsProtocols(given) === undefined ? undefined : given),
};

const inConnection = 'the connection string in `[databases]`';

export const tlsKeys = {
  client_tls13_ciphers: changeable(text, null, {
    effect: 'Ciphers of TLS 1.3 for clients, with colons between them. Not set: those of OpenSSL.',
  }),
  client_tls_ca_file: changeable(path, '', {
    effect: 'Certificates that client certificates are checked against. RELOAD reads it again.',
  }),
  client_tls_cert_file: changeable(path, '', {
    effect:
      'Our certificate, for clients. Required unless `client_tls_sslmode` is `disable`. RELOAD reads it again.',
  }),
  client_tls_ciphers: changeable(text, 'default', {
    effect:
      'Ciphers of TLS 1.2 and older for clients, as OpenSSL writes them. `default`, `secure`, `fast`, `normal`: those of ' +
      'OpenSSL; `all`: every one.',
  }),
  client_tls_dheparams: changeable(choice(['auto', 'legacy', 'none']), 'auto', {
    effect: 'Key exchange with DHE: `auto` 2048 bits and more, `none` without it.',
    inert: 'Node.js has no 1024-bit parameters; auto is used',
    inertText: 'legacy',
  }),
  client_tls_ecdhcurve: changeable(text, 'auto', {
    effect:
      'Curve of the key exchange with ECDHE, by its name in OpenSSL. `auto`: those of OpenSSL.',
  }),
  client_tls_key_file: changeable(path, '', {
    effect:
      'Our private key, for clients. Required unless `client_tls_sslmode` is `disable`. RELOAD reads it again.',
  }),
  client_tls_protocols: changeable(protocols, 'secure', {
    effect:
      'Versions of TLS for clients: `secure` (1.2 and 1.3), `all`, or names with commas between them.',
  }),
  client_tls_sslmode: changeable(choice(tlsModes), 'disable', {
    effect:
      '`disable`: no TLS for clients. `allow`, `prefer`: for those that ask. `require`: for all. `verify-ca`, `verify-full`: ' +
      'for all, with a valid client certificate.',
    why: 'TLS needs a certificate',
  }),
  server_tls13_ciphers: changeable(text, null, {
    effect: 'Ciphers of TLS 1.3 to servers, with colons between them. Not set: those of OpenSSL.',
  }),
  server_tls_ca_file: changeable(path, '', {
    effect:
      'Certificates that server certificates are checked against, for `verify-ca` and `verify-full`.',
    elsewhere: `\`sslrootcert\` of ${inConnection}`,
  }),
  server_tls_cert_file: changeable(path, '', {
    effect: 'Our certificate, for servers that ask for one.',
    elsewhere: `\`sslcert\` of ${inConnection}`,
  }),
  server_tls_ciphers: changeable(text, 'default', {
    effect: 'Ciphers of TLS 1.2 and older to servers, as for `client_tls_ciphers`.',
  }),
  server_tls_key_file: changeable(path, '', {
    effect: 'Our private key, for servers that ask for a certificate.',
    elsewhere: `\`sslkey\` of ${inConnection}`,
  }),
  server_tls_protocols: changeable(protocols, 'secure', {
    effect: 'Versions of TLS to servers, as for `client_tls_protocols`.',
  }),
  server_tls_sslmode: changeable(choice(tlsModes), 'prefer', {
    effect:
      '`disable`: no TLS to servers. `allow`, `prefer`: where the server has it. `require`: always. `verify-ca`: and its ' +
      'certificate is checked. `verify-full`: and its name too.',
    elsewhere: `\`sslmode\` of ${inConnection}`,
  }),
} as const;
