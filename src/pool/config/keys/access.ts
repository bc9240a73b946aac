import { authTypes } from '../types.ts';
import { changeable } from './setting-key.ts';
import { choice, integer, list, path, text } from './value-type.ts';

const authType = choice(authTypes, {
  gss: 'gss is not supported: use scram-sha-256, cert, or hba with those',
  ldap: 'ldap is not supported: use scram-sha-256 with auth_query, or cert',
  pam: 'pam is not supported: use scram-sha-256 with auth_query, or cert',
  peer: 'peer is a method of the HBA file: set auth_type = hba and auth_hba_file',
  reject: 'reject is a method of the HBA file: set auth_type = hba and auth_hba_file',
});

export const accessKeys = {
  admin_users: changeable(list, '', {
    effect:
      'Users that may run every command of the console. With `auth_type = any` everybody may.',
    why: "the process's own user may always come in over the Unix socket, as user pgbouncer, without a password",
  }),
  auth_dbname: changeable(text, null, {
    effect:
      'The database in which `auth_query` runs; not `pgbouncer`. Not set: the one that the client asked for.',
  }),
  auth_file: changeable(path, null, {
    effect:
      'The file of users and passwords: `"user" "password"`, where the password may be plain, `md5...` or ' +
      '`SCRAM-SHA-256$...`. Read again when it changes and at RELOAD.',
  }),
  auth_hba_file: changeable(path, '', {
    effect:
      'The rules, in the form of pg_hba.conf, that say how each connection authenticates. For `auth_type = hba`.',
  }),
  auth_ident_file: changeable(path, null, {
    effect:
      'Maps of system or certificate names to users, as pg_ident.conf. For rules with `map=` in `auth_hba_file`.',
  }),
  auth_ldap_options: changeable(
    {
      ...text,
      refuse: (given: string) =>
        given === ''
          ? undefined
          : 'ldap is not supported: use scram-sha-256 with auth_query, or cert',
    },
    null,
    { effect: 'Refused: LDAP is not supported.', elsewhere: 'nowhere: it is refused' },
  ),
  auth_query: changeable(
    text,
    'SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END FROM pg_authid WHERE rolname=$1 AND rolcanlogin',
    {
      effect:
        'The query that finds the password of a user who is not in `auth_file`: two columns, name and password. It runs ' +
        'as `auth_user`.',
      why: 'it needs a superuser; better is a SECURITY DEFINER function that returns the same, called by a plain role',
    },
  ),
  auth_type: changeable(authType, 'md5', {
    effect:
      'How clients prove who they are. `md5` takes SCRAM for users whose stored password is SCRAM. `trust` asks for ' +
      'nothing but a known user; `any` not even that, and every database must force a user. `cert` takes the name from ' +
      'the client certificate. `hba` reads `auth_hba_file`. pam, ldap and gss are refused.',
    why: 'it serves md5 and SCRAM passwords; `scram-sha-256` is the better choice where no md5 is left',
  }),
  auth_user: changeable(text, null, {
    effect:
      'The user that runs `auth_query`; its own password comes from `auth_file`. Not set: users are those of `auth_file` only.',
  }),
  scram_iterations: changeable(integer(1), '4096', {
    effect: 'Rounds of SCRAM for passwords that `auth_file` holds in plain text.',
    why: "PostgreSQL's; more makes guessing and logging in slower",
  }),
  stats_users: changeable(list, '', {
    effect: 'Users that may run SHOW in the console, except SHOW FDS.',
  }),
} as const;
