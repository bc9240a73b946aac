import { z } from 'zod';
import { duration, setting } from '../service/index.ts';

const text = z.string().min(1);

/** What every job has. */
export const commonSettings = {
  stats_period: setting(duration().prefault('30s'), {
    effect:
      'How often a line of statistics is logged (`{count: 110, duration: 0.88}`: what was done since the last one, and ' +
      'the seconds it took). Nothing is logged when nothing was done.',
    why: 'the period of pgqd',
  }),
  connection_lifetime: setting(duration().prefault('20min'), {
    effect: 'Connections older than this are made anew, between two pieces of work.',
    why: "the originals' 1200 s: memory of a server process that grows with its age is given back",
  }),
  pidfile: setting(text.optional(), {
    effect:
      'For `sluice jobs start`, `stop`, `reload` and `status`: the file that names the process of this job. Beside it ' +
      '(`PIDFILE.status`) lies what the job has counted.',
    why: '`sluice run` needs none',
    example: '/run/sluice/mover.pid',
  }),
  logfile: setting(text.optional(), {
    effect: 'For `sluice jobs start`: the file that the process of this job logs to.',
    why: '`sluice run` has one log',
    example: '/var/log/sluice/mover.log',
  }),
} as const;

/** What every job that reads a queue has. */
export const consumerSettings = {
  ...commonSettings,
  source: setting(text, {
    effect: 'The database that holds the queue: a name of `[databases]`.',
    example: 'shop',
  }),
  queue: setting(text, { effect: 'The queue to read.', example: 'orders' }),
  consumer: setting(text.optional(), {
    effect:
      'The name under which the job is registered at the queue. Its position goes with this name.',
    why: "the job's name",
    example: 'mover',
  }),
  tables: setting(z.array(text).optional(), {
    effect:
      'Only events of these tables (`ev_extra1`, as the triggers write it) are handled; the others are passed over.',
    why: 'all events',
    example: '["public.orders"]',
  }),
  filter: setting(text.optional(), {
    effect:
      'SQL over `ev_id`, `ev_time`, `ev_txid`, `ev_retry`, `ev_type`, `ev_data`, `ev_extra1` to `ev_extra4`: only events ' +
      'for which it is true are handled. It runs in the source.',
    why: 'all events',
    example: "ev_type like 'I:%'",
  }),
  max_events: setting(z.int().min(1).default(10_000), {
    effect: 'Events that are handled at a time. The transaction is that of the batch in any case.',
    why: 'some megabytes of ordinary events; more make no difference to the speed',
  }),
  collect_events: setting(z.int().min(1).optional(), {
    effect:
      'Wait until this many events are there, or `collect_interval` has passed, to make larger batches than the ticks do.',
    why: 'each tick makes a batch',
  }),
  collect_interval: setting(duration().optional(), {
    effect:
      'How long `collect_events` waits at most. Given alone, a batch is what this long brings.',
    why: 'no waiting',
    example: '1min',
  }),
  listen: setting(z.boolean().default(true), {
    effect:
      'Whether ticks are announced by LISTEN. False for connections through a pooler, which then asks for batches every ' +
      '`loop_delay`.',
    why: 'an event is there milliseconds after its commit',
  }),
  loop_delay: setting(duration().prefault('500ms'), {
    effect: 'How often batches are asked for when nothing announces them.',
    why: 'half the lag that the ticker gives an idle queue anyway',
  }),
} as const;

export const targetSetting = {
  target: setting(text, {
    effect:
      'The database that the job writes in: a name of `[databases]`. It needs schema `pgq_ext` (`sluice queue install`), ' +
      'where the position is kept, in the transaction of the rows.',
    example: 'archive',
  }),
} as const;

/** For jobs where order matters more than getting on. */
export const onFailureSetting = {
  on_failure: setting(z.enum(['hold', 'set-aside']).default('hold'), {
    effect:
      '`hold`: a batch that fails is repeated until it succeeds; nothing overtakes anything. `set-aside`: the events that ' +
      'fail come again later, and go to the dead letters after 25 tries; the others go on.',
    why: "the originals': rows that depend on one another stay in order",
  }),
} as const;
