import type { ErrorSpecs } from './spec.ts';

export const poolConfigErrors = {
  POOL_CONFIG: {
    decision: 'fix',
    message: '{file} cannot be used, problems: {count}\n  {problems}\n',
    remedy: 'correct them (docs/reference/pool.md); nothing was started and nothing was changed',
  },
  POOL_SETTING_FIXED: {
    decision: 'fix',
    message: '{key} cannot be changed while the pooler runs',
    remedy: 'set it in the config file and start the pooler again',
  },
  POOL_SETTING_UNKNOWN: {
    decision: 'fix',
    message: 'unknown setting {key}{hint}',
    remedy: 'SHOW CONFIG lists what there is',
  },
  POOL_SETTING_VALUE: {
    decision: 'fix',
    message: '{key}: {problem}',
    remedy: 'set a value that fits (docs/reference/pool.md); nothing was changed',
  },
} as const satisfies ErrorSpecs;
