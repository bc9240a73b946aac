import type { ErrorSpecs } from './spec.ts';

export const commandErrors = {
  COMMAND_DETACHED_ENDED: {
    decision: 'fix',
    message: 'the process in the background ended before it was ready ({how})',
    remedy: 'see its log file; in the foreground it says more',
  },
  COMMAND_DETACHED_NEEDS: {
    decision: 'fix',
    message: '{file}: a process in the background needs {setting}',
    remedy: 'set {setting}, or run it in the foreground under a service manager',
  },
  COMMAND_INTERRUPTED: {
    decision: 'fix',
    message: 'stopped by {signal} before it was done',
    remedy: 'run it again: it goes on from where it was',
  },
  COMMAND_LOG_FILE: {
    decision: 'fix',
    message: 'the log cannot be written to {file}: {reason}',
    remedy: 'name another file, or let us write there',
  },
  COMMAND_NO_PIPELINE: {
    decision: 'fix',
    message: 'there is no pipeline {name} in {file}{nearest}',
    remedy: 'name one of [replicate], or give --source and --target',
  },
  COMMAND_NODE_VERSION: {
    decision: 'fix',
    message: 'Node {found} is too old: sluice needs {needed} or newer',
    remedy: 'install a newer Node (https://nodejs.org)',
  },
  COMMAND_NOTHING_CONFIGURED: {
    decision: 'fix',
    message: '{file} has nothing that this command works on',
    remedy:
      'add a section for it (docs/reference/configuration.md); a pipeline can be given with --source and --target, too',
  },
  COMMAND_OUTPUT: {
    decision: 'fix',
    message: 'cannot write {file}: {reason}',
    remedy: 'name another file: one that exists is not overwritten',
  },
  COMMAND_PIDFILE: {
    decision: 'fix',
    message: 'pidfile {file}: {problem}',
    remedy: 'stop the process that it names, or choose another pidfile',
  },
  COMMAND_PIDFILE_UNWRITABLE: {
    decision: 'fix',
    message: 'pidfile {file} cannot be written: {reason}',
    remedy: 'make its folder, and let the user of the process write there',
  },
  COMMAND_USAGE: {
    decision: 'fix',
    message: '{problem}',
    remedy: 'see sluice {command} --help',
  },
  CONFIG_DATABASE: {
    decision: 'fix',
    message: 'databases.{database}: {problem}',
    remedy: 'give the connection string itself, or a url_env or url_file that holds it',
  },
  CONFIG_INVALID: {
    decision: 'fix',
    message: '{file} cannot be used, problems: {count}\n  {problems}\n',
    remedy:
      'correct them (docs/reference/configuration.md); nothing was started and nothing was changed',
  },
  CONFIG_NOT_FOUND: {
    decision: 'fix',
    message: 'cannot read {file}: {reason}',
    remedy:
      'write a sluice.toml, name one with --config, or name what it is about: a pgbouncer.ini for `pool`, --source and ' +
      '--target for others',
  },
} as const satisfies ErrorSpecs;
