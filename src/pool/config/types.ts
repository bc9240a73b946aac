import type { Secret, TargetSessionAttrs, TlsMode } from '../../session/index.ts';

/** When a server connection goes back to its pool. `auto`: like `transaction`, until the client makes session state. */
export type PoolMode = (typeof poolModes)[number];
export const poolModes = ['session', 'transaction', 'statement', 'auto'] as const;

/** How a client proves who it is. `hba`: the auth_hba_file decides for each connection. */
export type AuthType = (typeof authTypes)[number];
export const authTypes = ['any', 'trust', 'plain', 'md5', 'scram-sha-256', 'cert', 'hba'] as const;

/** Which of several hosts a database entry takes its servers from. */
export type LoadBalanceHosts = (typeof loadBalanceHosts)[number];
export const loadBalanceHosts = ['round-robin', 'disable'] as const;

/** Everything a pooler is told, whichever file told it. Values, never texts; immutable. */
export interface PoolerConfig {
  /** As the person named it: for messages, and `conffile` of SHOW CONFIG. */
  readonly file: string;
  readonly settings: PoolSettings;
  /** What was said of the settings, by name, as text: SHOW CONFIG repeats it. What is not here has its default. */
  readonly given: ReadonlyMap<keyof PoolSettings, string>;
  /** By the name clients ask for; `*` stands for every name that is not here. */
  readonly databases: ReadonlyMap<string, DatabaseEntry>;
  readonly users: ReadonlyMap<string, UserEntry>;
  /** By peer_id. */
  readonly peers: ReadonlyMap<number, PeerEntry>;
  /** What was asked for and has no effect, `file:line: key: ...`: for the log, at start and at RELOAD. */
  readonly warnings: readonly string[];
}

/**
 * Every setting by pgBouncer's own name. Durations are seconds, fractions allowed; 0 is off unless the reference page
 * says otherwise. A text that is not set is ''. A tcp_* number of 0 is the system's default.
 */
export interface PoolSettings {
  readonly admin_users: readonly string[];
  readonly application_name_add_host: boolean;
  readonly auth_dbname: string;
  readonly auth_file: string;
  readonly auth_hba_file: string;
  readonly auth_ident_file: string;
  /** Refused unless ''. */
  readonly auth_ldap_options: string;
  readonly auth_query: string;
  readonly auth_type: AuthType;
  readonly auth_user: string;
  readonly autodb_idle_timeout: number;
  /** Ours: an unnamed Parse is kept and shared like a named one. */
  readonly cache_unnamed_statements: boolean;
  readonly cancel_wait_timeout: number;
  readonly client_idle_timeout: number;
  readonly client_login_timeout: number;
  readonly client_tls13_ciphers: string;
  readonly client_tls_ca_file: string;
  readonly client_tls_cert_file: string;
  readonly client_tls_ciphers: string;
  readonly client_tls_dheparams: string;
  readonly client_tls_ecdhcurve: string;
  readonly client_tls_key_file: string;
  readonly client_tls_protocols: string;
  readonly client_tls_sslmode: TlsMode;
  readonly conffile: string;
  readonly default_pool_size: number;
  readonly disable_pqexec: boolean;
  readonly dns_max_ttl: number;
  readonly dns_nxdomain_ttl: number;
  readonly dns_zone_check_period: number;
  readonly idle_transaction_timeout: number;
  readonly ignore_startup_parameters: readonly string[];
  readonly job_name: string;
  /** [] : no TCP. `*` is every address. */
  readonly listen_addr: readonly string[];
  readonly listen_backlog: number;
  readonly listen_port: number;
  readonly log_connections: boolean;
  readonly log_disconnections: boolean;
  readonly log_pooler_errors: boolean;
  readonly log_stats: boolean;
  readonly logfile: string;
  readonly login_notify_message: string;
  readonly max_client_conn: number;
  readonly max_db_client_connections: number;
  readonly max_db_connections: number;
  readonly max_packet_size: number;
  readonly max_prepared_statements: number;
  readonly max_user_client_connections: number;
  readonly max_user_connections: number;
  readonly min_pool_size: number;
  readonly peer_id: number;
  readonly pidfile: string;
  readonly pkt_buf: number;
  readonly pool_idle_timeout: number;
  readonly pool_mode: PoolMode;
  readonly query_timeout: number;
  readonly query_wait_notify: number;
  readonly query_wait_timeout: number;
  readonly reserve_pool_size: number;
  readonly reserve_pool_timeout: number;
  readonly resolv_conf: string;
  readonly sbuf_loopcnt: number;
  readonly scram_iterations: number;
  readonly server_check_delay: number;
  /** '': no check; `<empty>`: an empty query. */
  readonly server_check_query: string;
  readonly server_connect_timeout: number;
  readonly server_fast_close: boolean;
  readonly server_idle_timeout: number;
  readonly server_lifetime: number;
  readonly server_login_retry: number;
  readonly server_reset_query: string;
  readonly server_reset_query_always: boolean;
  readonly server_round_robin: boolean;
  readonly server_tls13_ciphers: string;
  readonly server_tls_ca_file: string;
  readonly server_tls_cert_file: string;
  readonly server_tls_ciphers: string;
  readonly server_tls_key_file: string;
  readonly server_tls_protocols: string;
  readonly server_tls_sslmode: TlsMode;
  readonly service_name: string;
  readonly so_reuseport: boolean;
  readonly stats_period: number;
  readonly stats_users: readonly string[];
  readonly suspend_timeout: number;
  readonly syslog: boolean;
  readonly syslog_facility: string;
  readonly syslog_ident: string;
  readonly tcp_defer_accept: number;
  readonly tcp_keepalive: boolean;
  readonly tcp_keepcnt: number;
  readonly tcp_keepidle: number;
  readonly tcp_keepintvl: number;
  readonly tcp_socket_buffer: number;
  readonly tcp_user_timeout: number;
  readonly track_extra_parameters: readonly string[];
  readonly transaction_timeout: number;
  /** '': no unix socket. */
  readonly unix_socket_dir: string;
  readonly unix_socket_group: string;
  /** Permission bits: 0o777. */
  readonly unix_socket_mode: number;
  readonly user: string;
  readonly verbose: number;
  /** Ours: threads that share the port. */
  readonly workers: number;
}

/** One line of [databases]. null is "as the setting says", unless its comment says otherwise. */
export interface DatabaseEntry {
  readonly name: string;
  /** null: what the client asked for. */
  readonly dbname: string | null;
  /** Host names, addresses, or folders of a unix socket (`/...`); [] : the default folder of the unix socket. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** Every server of this database logs in as this user (a forced user); null: as the client did. */
  readonly user: string | null;
  readonly password: Secret | null;
  readonly authUser: string | null;
  readonly authQuery: string | null;
  readonly authDbname: string | null;
  readonly poolSize: number | null;
  readonly minPoolSize: number | null;
  readonly reservePoolSize: number | null;
  readonly maxDbConnections: number | null;
  readonly maxDbClientConnections: number | null;
  /** Seconds. */
  readonly serverLifetime: number | null;
  /** Seconds. */
  readonly queryWaitTimeout: number | null;
  readonly poolMode: PoolMode | null;
  readonly loadBalanceHosts: LoadBalanceHosts;
  readonly targetSessionAttrs: TargetSessionAttrs;
  /** TLS to these servers; null: as the server_tls_* settings say. */
  readonly tls: DatabaseTls | null;
  /** Run on every new server of this database before it is given to a client; null: nothing. */
  readonly connectQuery: string | null;
  /** Startup parameters that every server gets, whatever the client says: client_encoding, datestyle, ... */
  readonly parameters: Readonly<Record<string, string>>;
}

/** What a connection string says of TLS. '' is not set; a caFile of `system` is what the system trusts. */
export interface DatabaseTls {
  readonly sslmode: TlsMode;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** One line of [users]. null is "as the database or the setting says". Durations are seconds. */
export interface UserEntry {
  readonly name: string;
  readonly poolMode: PoolMode | null;
  readonly poolSize: number | null;
  readonly reservePoolSize: number | null;
  readonly maxUserConnections: number | null;
  readonly maxUserClientConnections: number | null;
  readonly queryTimeout: number | null;
  readonly queryWaitTimeout: number | null;
  readonly idleTransactionTimeout: number | null;
  readonly transactionTimeout: number | null;
  readonly clientIdleTimeout: number | null;
}

/** One line of [peers]: another process that a cancel request may belong to. */
export interface PeerEntry {
  readonly id: number;
  /** A host, an address, or the folder of its unix socket. */
  readonly host: string;
  readonly port: number;
  readonly poolSize: number | null;
}
