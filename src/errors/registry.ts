import { catalogErrors } from './catalog.ts';
import { commandErrors } from './command.ts';
import { demoErrors } from './demo.ts';
import { gateErrors } from './gate.ts';
import { jobsErrors } from './jobs.ts';
import { ledgerErrors } from './ledger.ts';
import { poolAuthErrors } from './pool-auth.ts';
import { poolConfigErrors } from './pool-config.ts';
import { copyErrors } from './replicate-copy.ts';
import { compareErrors } from './replicate-compare.ts';
import { poolErrors } from './pool.ts';
import { poolRunErrors } from './pool-run.ts';
import { queueErrors } from './queue.ts';
import { replicateErrors } from './replicate.ts';
import { serviceErrors } from './service.ts';
import { sessionErrors } from './session.ts';
import { sinkErrors } from './sink.ts';
import type { ErrorSpecs, Holes } from './spec.ts';
import { streamErrors } from './stream.ts';
import { wireErrors } from './wire.ts';

/** Every error Sluice can raise, by code, one file per room. `docs/reference/errors.md` is made from it. */
export const registry = {
  ...catalogErrors,
  ...commandErrors,
  ...compareErrors,
  ...copyErrors,
  ...demoErrors,
  ...gateErrors,
  ...jobsErrors,
  ...ledgerErrors,
  ...poolAuthErrors,
  ...poolConfigErrors,
  ...poolErrors,
  ...poolRunErrors,
  ...queueErrors,
  ...replicateErrors,
  ...serviceErrors,
  ...sessionErrors,
  ...sinkErrors,
  ...streamErrors,
  ...wireErrors,
} as const satisfies ErrorSpecs;

export type ErrorCode = keyof typeof registry;

/** The details an error's templates need; a missing or misspelt one does not compile. */
export type ErrorDetails<C extends ErrorCode> = Record<
  Holes<(typeof registry)[C]['message']> | Holes<(typeof registry)[C]['remedy']>,
  string | number | bigint
>;
