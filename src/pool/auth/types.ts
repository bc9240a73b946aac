import type { Secret } from '../../session/index.ts';
import type { ScramKeys } from '../../wire/index.ts';

/** Where a client connects from. */
export type ClientAddress =
  | { readonly kind: 'unix' }
  /** `ip` as Node reports it; an IPv4 address may come mapped into IPv6 (`::ffff:10.0.0.1`). */
  | { readonly kind: 'tcp'; readonly ip: string; readonly port: number };

/** What is known of a client when it has sent its startup message. */
export interface LoginFacts {
  readonly user: string;
  readonly database: string;
  /** It asks for the console, database `pgbouncer`. */
  readonly isAdmin: boolean;
  readonly isTls: boolean;
  /** `replication=true`: a physical one, which belongs to no database. */
  readonly isReplication: boolean;
  readonly address: ClientAddress;
  /** DER of the client's certificate, only when TLS has verified it; null: none. */
  readonly clientCertificate: Buffer | null;
  /** DER of our own certificate on this connection, for SCRAM-SHA-256-PLUS; null without TLS. */
  readonly serverCertificate: Buffer | null;
  /** Asked at most once, and only where a rule needs it: method peer, and the console over a Unix socket. */
  peerUid(): Promise<number | null>;
}

/** What a login leaves behind for the connection to the server. */
export interface Credentials {
  readonly user: string;
  /** Plain text, `md5...` or `SCRAM-SHA-256$...` as it is stored; null: none known. */
  readonly password: Secret | null;
  /** Learnt from the client's proof, when it logged in by SCRAM. */
  readonly scramKeys: ScramKeys | null;
}

/** What to do next with a client that logs in. `bytes` are whole messages, and may be empty in `done`. */
export type LoginStep =
  | { readonly kind: 'send'; readonly bytes: Buffer }
  /** Logged in. AuthenticationOk is the caller's to send, after `bytes`. */
  | {
      readonly kind: 'done';
      readonly bytes: Buffer;
      readonly credentials: Credentials;
      /** What it may do on the console; null: it did not ask for the console. */
      readonly consoleAccess: 'admin' | 'stats' | null;
    }
  | {
      readonly kind: 'refuse';
      readonly sqlstate: string;
      /** To the client, in pgBouncer's words. */
      readonly message: string;
      /** For the log; holds no secrets. */
      readonly reason: string;
    };

/** A user as auth_file or auth_query know it. */
export interface StoredUser {
  readonly name: string;
  /** Plain text, `md5...` or `SCRAM-SHA-256$...`; null: no password, so no login by password. */
  readonly password: Secret | null;
}

/** auth_file and auth_query behind one question. */
export interface UserLookup {
  /** @returns null: nobody of that name; only auth_type=any lets such a user in */
  find(user: string, database: string): Promise<StoredUser | null>;
}
