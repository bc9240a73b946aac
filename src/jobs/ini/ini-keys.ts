import type { JobKind } from '../config.ts';

/** What a key of an original's ini means here. */
export type IniKey =
  | {
      readonly setting: string;
      readonly as:
        | 'boolean'
        | 'empty text'
        | 'file'
        | 'integer'
        | 'interval'
        | 'list'
        | 'pairs'
        | 'query'
        | 'queue field'
        | 'seconds'
        | 'template'
        | 'text';
    }
  | { readonly is: 'name' }
  | { readonly is: 'inert'; readonly why: string }
  | { readonly is: 'refused'; readonly why: string };

type IniKeys = Readonly<Record<string, IniKey>>;

const ownLog = 'lines go to logfile or stderr, as JSON';
const ownWaits = 'the waits between tries grow from 100 ms to 10 s, by the kind of error';

/** Keys of every job. */
const commonKeys: IniKeys = {
  config_format: { is: 'inert', why: 'it is known from the file' },
  connection_lifetime: { setting: 'connection_lifetime', as: 'seconds' },
  exception_grace: { is: 'inert', why: ownWaits },
  exception_quiet: { is: 'inert', why: ownWaits },
  exception_reset: { is: 'inert', why: ownWaits },
  exception_sleep: { is: 'inert', why: ownWaits },
  job_name: { is: 'name' },
  log_count: { is: 'inert', why: 'logrotate rotates logfile' },
  log_size: { is: 'inert', why: 'logrotate rotates logfile' },
  logfile: { setting: 'logfile', as: 'file' },
  loop_delay: { setting: 'loop_delay', as: 'seconds' },
  pidfile: { setting: 'pidfile', as: 'file' },
  skylog_locations: { is: 'inert', why: ownLog },
  sql_retry: { is: 'inert', why: ownWaits },
  sql_retry_formula_a: { is: 'inert', why: ownWaits },
  sql_retry_formula_b: { is: 'inert', why: ownWaits },
  sql_retry_formula_cap: { is: 'inert', why: ownWaits },
  sql_retry_max_count: { is: 'inert', why: ownWaits },
  sql_retry_max_time: { is: 'inert', why: ownWaits },
  use_skylog: { is: 'inert', why: ownLog },
};

const queue: IniKey = { setting: 'queue', as: 'text' };
const consumer: IniKey = { setting: 'consumer', as: 'text' };

/** Keys of what reads a queue; the first names are those of 2.x. */
const consumerKeys: IniKeys = {
  ...commonKeys,
  consumer_filter: { setting: 'filter', as: 'text' },
  consumer_name: consumer,
  keepalive_stats: { is: 'inert', why: 'statistics come when there is something to tell' },
  pgq_autocommit: {
    is: 'inert',
    why: 'no transaction of the source is open while events are handled',
  },
  pgq_batch_collect_events: { setting: 'collect_events', as: 'integer' },
  pgq_batch_collect_interval: { setting: 'collect_interval', as: 'interval' },
  pgq_consumer_id: consumer,
  pgq_keep_lag: {
    is: 'refused',
    why: 'events cannot be held back: insert them for a later time instead',
  },
  pgq_lazy_fetch: { is: 'inert', why: 'events are read while the ones before them are handled' },
  pgq_queue_name: queue,
  queue_name: queue,
  src_db: { setting: 'source', as: 'text' },
  table_filter: { setting: 'tables', as: 'list' },
};

const serialKeys: IniKeys = { ...consumerKeys, dst_db: { setting: 'target', as: 'text' } };

const maintainerKeys: IniKeys = {
  ...commonKeys,
  after_zero_rows: { setting: 'after_zero_rows', as: 'boolean' },
  autocommit: { setting: 'autocommit', as: 'boolean' },
  commit_delay: { setting: 'pause', as: 'seconds' },
  commit_step: { setting: 'commit_step', as: 'integer' },
  dbafter: { setting: 'after_db', as: 'text' },
  dbbefore: { setting: 'before_db', as: 'text' },
  dbcrash: { setting: 'crash_db', as: 'text' },
  dbread: { setting: 'source', as: 'text' },
  dbwrite: { setting: 'target', as: 'text' },
  fetch_count: { setting: 'fetch_count', as: 'integer' },
  fetchcnt: { setting: 'fetch_count', as: 'integer' },
  file_get_pk_list: {
    is: 'refused',
    why: 'load the file into a table and list that with sql_get_pk_list',
  },
  sql_after_run: { setting: 'after_run', as: 'template' },
  sql_before_run: { setting: 'before_run', as: 'template' },
  sql_crash: { setting: 'on_crash', as: 'template' },
  sql_get_pk_list: { setting: 'get_pk_list', as: 'query' },
  sql_get_pk_list_repeat: { setting: 'get_pk_list_repeat', as: 'boolean' },
  sql_modify: { setting: 'modify', as: 'template' },
  sql_on_crash: { setting: 'on_crash', as: 'template' },
  sql_throttle: { setting: 'throttle', as: 'query' },
  throttle_sleep: { setting: 'throttle_sleep', as: 'seconds' },
  with_hold: { setting: 'with_hold', as: 'boolean' },
};

/** Also in a section of its own for each table. */
export const loadKeys: IniKeys = {
  bulk_mode: { setting: 'bulk_mode', as: 'text' },
  row_mode: { setting: 'row_mode', as: 'text' },
  split_mode: { setting: 'split_mode', as: 'text' },
  split_part: { setting: 'split_part', as: 'template' },
  split_part_template: { setting: 'split_part_template', as: 'template' },
  table_mode: { setting: 'table_mode', as: 'text' },
};

/** Kinds that the originals have a file for. */
export type IniKind = Exclude<JobKind, 'archiver'>;

/** What each kind's file may hold. The archiver has none: each shop wrote its own. */
export const iniKeys: Readonly<Record<IniKind, IniKeys>> = {
  data_maintainer: maintainerKeys,
  queue_mover: { ...serialKeys, dst_queue_name: { setting: 'target_queue', as: 'text' } },
  queue_splitter: { ...serialKeys, queue_field: { setting: 'queue_field', as: 'queue field' } },
  bulk_loader: {
    ...serialKeys,
    load_method: { setting: 'load_method', as: 'integer' },
    remap_tables: { setting: 'remap_tables', as: 'pairs' },
  },
  cube_dispatcher: {
    ...serialKeys,
    dateformat: { setting: 'dateformat', as: 'empty text' },
    mode: { setting: 'mode', as: 'text' },
    part_template: { setting: 'part_template', as: 'template' },
  },
  queue_loader: { ...serialKeys, db: { setting: 'target', as: 'text' }, ...loadKeys },
  simple_consumer: { ...serialKeys, dst_query: { setting: 'query', as: 'template' } },
  simple_serial_consumer: { ...serialKeys, dst_query: { setting: 'query', as: 'template' } },
  table_dispatcher: {
    ...serialKeys,
    dest_table: { setting: 'dest_table', as: 'text' },
    fields: { setting: 'fields', as: 'list' },
    part_field: { setting: 'part_field', as: 'text' },
    part_method: { setting: 'part_method', as: 'text' },
    part_template: { setting: 'part_template', as: 'template' },
  },
};
