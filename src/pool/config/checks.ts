import type { SettingName } from './keys/index.ts';
import type { PoolSettings } from './types.ts';

export interface SettingProblem {
  readonly name: SettingName;
  readonly text: string;
}

/** Rules over several settings. */
export function checkTogether(settings: PoolSettings): SettingProblem[] {
  return [
    ...checkTls(settings),
    ...(settings.auth_type === 'hba' && settings.auth_hba_file === ''
      ? [problem('auth_type', 'hba needs auth_hba_file')]
      : []),
    ...(settings.auth_dbname === 'pgbouncer'
      ? [problem('auth_dbname', 'pgbouncer is the console, not a database')]
      : []),
    ...(settings.listen_addr.length === 0 && settings.unix_socket_dir === ''
      ? [
          problem(
            'unix_socket_dir',
            'there is nowhere to listen: set listen_addr or unix_socket_dir',
          ),
        ]
      : []),
  ];
}

/** Without these files no client could ever come in, and nobody would see why. */
function checkTls(settings: PoolSettings): SettingProblem[] {
  const mode = settings.client_tls_sslmode;
  if (mode === 'disable') return [];
  const missing = (['client_tls_key_file', 'client_tls_cert_file'] as const).filter(
    (name) => settings[name] === '',
  );
  return missing.map((name) => problem('client_tls_sslmode', `${mode} needs ${name}`));
}

function problem(name: SettingName, text: string): SettingProblem {
  return { name, text };
}
