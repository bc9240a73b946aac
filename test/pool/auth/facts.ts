import { Secret } from '../../../src/session/index.ts';
import type { LoginFacts, StoredUser, UserLookup } from '../../../src/pool/auth/index.ts';

/** A client on 127.0.0.1 without TLS, and what differs from that. */
export function facts(differing: Partial<LoginFacts> = {}): LoginFacts {
  return {
    user: 'joe',
    database: 'app',
    isAdmin: false,
    isTls: false,
    isReplication: false,
    address: { kind: 'tcp', ip: '127.0.0.1', port: 40000 },
    clientCertificate: null,
    serverCertificate: null,
    peerUid: () => Promise.reject(new Error('nobody should have asked')),
    ...differing,
  };
}

export const unixAddress = { kind: 'unix' } as const;

export function tcp(ip: string): LoginFacts['address'] {
  return { kind: 'tcp', ip, port: 40000 };
}

/** Users by name; an empty password is none. */
export function lookupOf(users: Readonly<Record<string, string>>): UserLookup {
  const stored = new Map(Object.entries(users).map(([name, text]) => [name, userOf(name, text)]));
  return { find: (user) => Promise.resolve(stored.get(user) ?? null) };
}

function userOf(name: string, text: string): StoredUser {
  return { name, password: text === '' ? null : new Secret(text) };
}
