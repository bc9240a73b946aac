import { changeable, fixed } from './setting-key.ts';
import { flag, integer, text } from './value-type.ts';

const serviceManager = 'the service manager: it knows the process and the user it runs as';
const log = '`[service]`';
const noServices = 'it names a Windows service, and this does not run as one';
const noSyslog = 'there is no syslog output: journald collects stderr, or set logfile';

export const processKeys = {
  conffile: changeable(text, null, {
    effect: 'The config file that the next RELOAD reads.',
    why: 'the file of the command line',
    elsewhere: 'the file itself',
  }),
  job_name: fixed(text, 'pgbouncer', {
    effect: 'Another name of `service_name`.',
    inert: noServices,
  }),
  log_connections: changeable(flag, '1', {
    effect: 'A line in the log for every login that succeeded.',
  }),
  log_disconnections: changeable(flag, '1', {
    effect: 'A line in the log for every connection that ended, with the reason.',
  }),
  log_pooler_errors: changeable(flag, '1', {
    effect: 'A line in the log for every error that the pooler itself sends to a client.',
  }),
  log_stats: changeable(flag, '1', {
    effect: 'A line of statistics in the log every `stats_period`.',
    why: 'turn it off where a monitor reads SHOW STATS or the metrics',
  }),
  logfile: changeable(text, '', {
    effect: 'A file to append the log to, besides stderr. RELOAD opens it again, for rotation.',
    elsewhere: `\`log_file\` in ${log}`,
  }),
  pidfile: fixed(text, '', {
    effect: 'A file that holds the process id while the pooler runs. `-d` needs it.',
    elsewhere: serviceManager,
  }),
  service_name: fixed(text, null, {
    effect: 'Name of the Windows service.',
    inert: noServices,
  }),
  stats_period: changeable(integer(1), '60', {
    effect:
      'Seconds over which the averages of SHOW STATS are taken, and between two lines of statistics in the log.',
  }),
  syslog: changeable(flag, '0', {
    effect: 'The log goes to syslog.',
    inert: noSyslog,
  }),
  syslog_facility: changeable(text, 'daemon', {
    effect: 'The facility of syslog.',
    inert: noSyslog,
  }),
  syslog_ident: changeable(text, 'pgbouncer', {
    effect: 'The name in syslog.',
    inert: noSyslog,
  }),
  user: fixed(text, null, {
    effect: 'The system user to become after start; for a start as root.',
    elsewhere: serviceManager,
  }),
  verbose: changeable(integer(0), null, {
    effect: 'How much more is logged: 0 to 3, as with `-v` on the command line.',
    elsewhere: `\`log_level\` in ${log}`,
  }),
} as const;
