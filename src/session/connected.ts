import type { BackendKeyData } from '../wire/index.ts';
import type { Address } from './addresses.ts';
import type { Link } from './link.ts';
import type { SettingsOptions } from './settings.ts';
import type { ConnectionSide, TargetHost } from './target/index.ts';

export interface ConnectOptions extends SettingsOptions {
  readonly signal?: AbortSignal | undefined;
  /** Named in every error about the session, with the connection string (the password as `***`). */
  readonly side?: ConnectionSide | undefined;
}

/** A session that is ready for its first query, and what it takes to reach the same server again. */
export interface Connected {
  readonly link: Link;
  readonly key: BackendKeyData;
  readonly serverVersion: number;
  readonly host: TargetHost;
  readonly address: Address;
  readonly isEncrypted: boolean;
}
