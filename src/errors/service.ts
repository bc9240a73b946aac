import type { ErrorSpecs } from './spec.ts';

export const serviceErrors = {
  SERVICE_FAILPOINT: {
    decision: 'bug',
    message: 'failpoint {failpoint} threw, as SLUICE_FAILPOINTS asks',
    remedy: 'unset SLUICE_FAILPOINTS: it is for tests only',
  },
  SERVICE_FAILPOINT_SPEC: {
    decision: 'fix',
    message: 'SLUICE_FAILPOINTS: {entry} is not name=kill|throw|hold[@n]',
    remedy: 'correct or unset SLUICE_FAILPOINTS: it is for tests only',
  },
  SERVICE_LISTEN: {
    decision: 'fix',
    message: 'the status server cannot listen on {address}: {reason}',
    remedy: 'set another service.status_listen, or stop what holds this address',
  },
  SERVICE_LISTEN_ADDRESS: {
    decision: 'fix',
    message: '{address} is not an address to listen on',
    remedy: 'write host:port, :port or [ipv6]:port, with a port between 0 and 65535',
  },
  SERVICE_METRIC_CONFLICT: {
    decision: 'bug',
    message: 'metric {metric} is declared twice with different kinds or labels',
    remedy: 'report it with the versions in use',
  },
  SERVICE_STARTED_TWICE: {
    decision: 'bug',
    message: 'service {service} was started twice',
    remedy: 'report it with the versions in use',
  },
  SERVICE_STOPPED: {
    decision: 'stop',
    message: 'service {service} was stopped before it was ready',
    remedy: 'start it again when it is wanted',
  },
} as const satisfies ErrorSpecs;
