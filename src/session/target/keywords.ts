/** What giving a keyword does here. */
type Effect =
  | 'used'
  /** Understood and harmless to leave out; listed in `ConnectionTarget.withoutEffect`. */
  | 'none'
  /** It asks for protection or behaviour we cannot give: refused, never passed over. */
  | 'refused';

export interface Keyword {
  readonly env?: string;
  readonly effect: Effect;
  /** Of a refused one: what to do without it, for the error's remedy. */
  readonly instead?: string;
}

const noOAuth = 'let pg_hba.conf ask us for scram-sha-256 or cert, and take it out';
const noKeys = 'give the password itself';

/**
 * The keywords of a connection string (PostgreSQL manual, "Parameter Key Words") and the environment
 * variables that stand in for them. One line each; what a value means is in build-target.ts.
 */
export const keywords = {
  application_name: { env: 'PGAPPNAME', effect: 'used' },
  channel_binding: { env: 'PGCHANNELBINDING', effect: 'used' },
  client_encoding: { env: 'PGCLIENTENCODING', effect: 'none' }, // always UTF8 here
  connect_timeout: { env: 'PGCONNECT_TIMEOUT', effect: 'used' },
  dbname: { env: 'PGDATABASE', effect: 'used' },
  fallback_application_name: { effect: 'none' }, // we always have a name
  gssdelegation: { env: 'PGGSSDELEGATION', effect: 'none' },
  gssencmode: { env: 'PGGSSENCMODE', effect: 'used' }, // only to refuse `require`
  gsslib: { env: 'PGGSSLIB', effect: 'none' },
  host: { env: 'PGHOST', effect: 'used' },
  hostaddr: { env: 'PGHOSTADDR', effect: 'used' },
  keepalives: { effect: 'used' },
  keepalives_count: { effect: 'used' },
  keepalives_idle: { effect: 'used' },
  keepalives_interval: { effect: 'used' },
  krbsrvname: { env: 'PGKRBSRVNAME', effect: 'none' },
  load_balance_hosts: { env: 'PGLOADBALANCEHOSTS', effect: 'used' },
  max_protocol_version: { env: 'PGMAXPROTOCOLVERSION', effect: 'used' },
  min_protocol_version: { env: 'PGMINPROTOCOLVERSION', effect: 'used' },
  oauth_client_id: { effect: 'refused', instead: noOAuth },
  oauth_client_secret: { effect: 'refused', instead: noOAuth },
  oauth_issuer: { effect: 'refused', instead: noOAuth },
  oauth_scope: { effect: 'refused', instead: noOAuth },
  options: { env: 'PGOPTIONS', effect: 'used' },
  passfile: { env: 'PGPASSFILE', effect: 'used' },
  password: { env: 'PGPASSWORD', effect: 'used' },
  port: { env: 'PGPORT', effect: 'used' },
  replication: { effect: 'none' }, // each session knows whether it replicates
  require_auth: { env: 'PGREQUIREAUTH', effect: 'used' },
  // Node cannot ask the kernel who serves a socket, and its records name only processes of one's own user.
  requirepeer: {
    env: 'PGREQUIREPEER',
    effect: 'refused',
    instead:
      "take it out, and have the socket in a folder where only the server's user may write, or connect by TCP with sslmode=verify-full",
  },
  scram_client_key: { effect: 'refused', instead: noKeys },
  scram_server_key: { effect: 'refused', instead: noKeys },
  service: { env: 'PGSERVICE', effect: 'used' },
  servicefile: { env: 'PGSERVICEFILE', effect: 'used' },
  ssl_max_protocol_version: { env: 'PGSSLMAXPROTOCOLVERSION', effect: 'used' },
  ssl_min_protocol_version: { env: 'PGSSLMINPROTOCOLVERSION', effect: 'used' },
  sslcert: { env: 'PGSSLCERT', effect: 'used' },
  sslcertmode: { env: 'PGSSLCERTMODE', effect: 'used' },
  sslcompression: { env: 'PGSSLCOMPRESSION', effect: 'none' }, // no TLS library compresses any more
  sslcrl: { env: 'PGSSLCRL', effect: 'used' },
  sslcrldir: { env: 'PGSSLCRLDIR', effect: 'used' },
  sslkey: { env: 'PGSSLKEY', effect: 'used' },
  sslkeylogfile: { effect: 'refused', instead: 'take it out' },
  sslmode: { env: 'PGSSLMODE', effect: 'used' },
  sslnegotiation: { env: 'PGSSLNEGOTIATION', effect: 'used' },
  sslpassword: { effect: 'used' },
  sslrootcert: { env: 'PGSSLROOTCERT', effect: 'used' },
  sslsni: { env: 'PGSSLSNI', effect: 'used' },
  target_session_attrs: { env: 'PGTARGETSESSIONATTRS', effect: 'used' },
  tcp_user_timeout: { effect: 'none' }, // not settable from Node
  user: { env: 'PGUSER', effect: 'used' },
} as const satisfies Record<string, Keyword>;

export type KeywordName = keyof typeof keywords;

/** What was given, by keyword. */
export type Given = Map<KeywordName, GivenValue>;

export interface GivenValue {
  readonly text: string;
  /** Where it was written, for messages: `the variable PGHOST`. */
  readonly origin: string;
}

export const keywordNames = Object.keys(keywords).filter(isKeyword);

export function isKeyword(name: string): name is KeywordName {
  return Object.hasOwn(keywords, name);
}
