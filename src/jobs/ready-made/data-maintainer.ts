import type { Client, CustomTypesConfig, QueryResult } from 'pg';
import { z } from 'zod';
import { SluiceError } from '../../errors/index.ts';
import { duration, failpoint, setting, type ProgressTask } from '../../service/index.ts';
import { QueryTemplate, type Value } from '../events/query-template.ts';
import { readUrlEncoded } from '../events/url-encoded.ts';
import type { Job, JobDeps, JobPlan } from '../job.ts';
import { LoopJob, type LoopTools } from '../loop-job.ts';
import { commonSettings } from '../settings.ts';
import { Throttle, throttleSettings } from '../throttle.ts';

const sql = z.string().min(1);
const database = z.string().min(1);

export const dataMaintainerSchema = z
  .strictObject({
    kind: z.literal('data_maintainer'),
    ...commonSettings,
    source: setting(database, {
      effect:
        'The database that `get_pk_list` runs in: a name of `[databases]`. It may be a standby.',
      example: 'shop',
    }),
    target: setting(database.optional(), {
      effect: 'The database that `modify` runs in.',
      why: 'that of `source`',
      example: 'shop',
    }),
    get_pk_list: setting(sql, {
      effect:
        'SQL that lists what is to be changed. Values of `before_run` stand in it as `%(name)s`; a percent sign is `%%`.',
      example: "select id from sessions where seen_at < now() - interval '30 days'",
    }),
    get_pk_list_repeat: setting(z.boolean().default(false), {
      effect:
        'Whether to list again when all was changed, until the list is empty: for lists with a LIMIT.',
      why: 'one list is all there is',
    }),
    modify: setting(sql, {
      effect:
        'SQL that changes one row of the list, whose columns stand in it as `%(name)s`. Say the condition here too: it may ' +
        'have changed since. A SELECT may return a column `stats` with counts for the statistics, as in `done=1&skipped=2`.',
      example: "delete from sessions where id = %(id)s and seen_at < now() - interval '30 days'",
    }),
    before_run: setting(sql.optional(), {
      effect: 'SQL to run first. Its one row gives values for the other queries.',
      why: 'nothing',
      example: "select now() - interval '30 days' as until",
    }),
    before_db: setting(database.optional(), {
      effect: 'Where `before_run` runs.',
      why: 'in the target',
      example: 'shop',
    }),
    after_run: setting(sql.optional(), {
      effect:
        'SQL to run when all was changed, with the values of `before_run` and of the last row.',
      why: 'nothing',
      example: 'vacuum sessions',
    }),
    after_db: setting(database.optional(), {
      effect: 'Where `after_run` runs.',
      why: 'in the target',
      example: 'shop',
    }),
    after_zero_rows: setting(z.boolean().default(true), {
      effect: 'Whether `after_run` runs when there was nothing to change.',
      why: "the original's",
    }),
    on_crash: setting(sql.optional(), {
      effect: 'SQL to run when `modify` fails, with the values of the row. The failure stays one.',
      why: 'nothing',
      example: 'select note_failure(%(id)s)',
    }),
    crash_db: setting(database.optional(), {
      effect: 'Where `on_crash` runs.',
      why: 'in the target',
      example: 'shop',
    }),
    fetch_count: setting(z.int().min(1).default(100), {
      effect: 'Rows of the list that are read at a time.',
      why: "the original's",
    }),
    autocommit: setting(z.boolean().default(true), {
      effect:
        'Whether each `modify` is a transaction of its own. False is faster: `commit_step` rows are one.',
      why: 'locks are held for a moment only, and poolers are fine with it',
    }),
    commit_step: setting(z.int().min(1).default(100), {
      effect:
        'Rows that are changed in one transaction, without `autocommit`; `fetch_count` at most.',
      why: "the original's",
    }),
    with_hold: setting(z.boolean().default(true), {
      effect:
        'Whether the list is kept by the server (WITH HOLD). False holds a transaction open in the source for as long as the ' +
        'job runs.',
      why: 'an open transaction keeps vacuum from its work',
    }),
    ...throttleSettings,
    loop_delay: setting(duration().optional(), {
      effect: 'How long to wait before it all begins again.',
      why: 'the job ends when all was changed, for cron',
      example: '1h',
    }),
  })
  .meta({
    description:
      'Changes or deletes many rows in small transactions: lists them, runs a query for each, waits in between. A crash or ' +
      'a restart lists again what is still to be changed.',
  });

export type DataMaintainerConfig = z.output<typeof dataMaintainerSchema>;

/** @throws JOBS_QUERY */
export function dataMaintainer(plan: JobPlan<DataMaintainerConfig>, deps: JobDeps): Job {
  const templates = readTemplates(plan);
  return new LoopJob(
    plan,
    (tools) => (signal) => new Pass(plan, templates, tools, signal).run(),
    deps,
  );
}

type Values = Record<string, Value>;

const queries = ['get_pk_list', 'modify', 'before_run', 'after_run', 'on_crash'] as const;
type QueryName = (typeof queries)[number];

function readTemplates({ name, config }: JobPlan<DataMaintainerConfig>) {
  return new Map(
    queries.flatMap((query) => {
      const text = config[query];
      return text === undefined
        ? []
        : [[query, new QueryTemplate(text, `jobs.${name}.${query}`)] as const];
    }),
  );
}

/** One time through everything. */
class Pass {
  readonly #plan: JobPlan<DataMaintainerConfig>;
  readonly #templates: ReadonlyMap<QueryName, QueryTemplate>;
  readonly #tools: LoopTools;
  readonly #signal: AbortSignal;
  readonly #throttle: Throttle;
  readonly #target: string;
  readonly #progress: ProgressTask;
  #values: Values = {};
  #changed = 0;

  constructor(
    plan: JobPlan<DataMaintainerConfig>,
    templates: ReadonlyMap<QueryName, QueryTemplate>,
    tools: LoopTools,
    signal: AbortSignal,
  ) {
    this.#plan = plan;
    this.#templates = templates;
    this.#tools = tools;
    this.#signal = signal;
    this.#target = plan.config.target ?? plan.config.source;
    this.#throttle = new Throttle(
      plan.config,
      () => tools.connections.get('throttle', this.#target),
      tools.deps.clock,
    );
    this.#progress = tools.deps.progress.task(plan.name);
  }

  async run(): Promise<void> {
    const { config } = this.#plan;
    await this.#runBefore();
    let count: number;
    do {
      count = await this.#changeList();
    } while (config.get_pk_list_repeat && count > 0 && !this.#signal.aborted);
    this.#progress.done();
    if (this.#signal.aborted) return;
    if (this.#changed === 0 && !config.after_zero_rows) return;
    await this.#query('after_run', config.after_db);
  }

  async #runBefore(): Promise<void> {
    const result = await this.#query('before_run', this.#plan.config.before_db);
    if (result === null || result.command !== 'SELECT') return;
    const [row] = result.rows;
    if (row === undefined || result.rows.length > 1) {
      throw new SluiceError('JOBS_BEFORE_RUN', { job: this.#plan.name, rows: result.rows.length });
    }
    this.#values = { ...row };
  }

  /** @returns how many rows the list had */
  async #changeList(): Promise<number> {
    const { fetch_count: fetchCount, with_hold: withHold, source } = this.#plan.config;
    const reader = await this.#tools.connections.get('list', source);
    if (!withHold) await reader.query('begin');
    const list = this.#fill('get_pk_list');
    await reader.query(
      `declare pk_list no scroll cursor ${withHold ? 'with hold ' : ''}for ${list}`,
    );
    let count = 0;
    for (;;) {
      const { rows } = await textQuery(reader, `fetch ${fetchCount} from pk_list`);
      await this.#changeRows(rows);
      count += rows.length;
      if (rows.length < fetchCount || this.#signal.aborted) break;
    }
    await reader.query(withHold ? 'close pk_list' : 'rollback');
    return count;
  }

  async #changeRows(rows: readonly Values[]): Promise<void> {
    const { autocommit, commit_step: step } = this.#plan.config;
    const size = autocommit ? 1 : step;
    for (let at = 0; at < rows.length && !this.#signal.aborted; at += size) {
      await this.#throttle.wait(this.#signal);
      if (this.#signal.aborted) return;
      await this.#changeTogether(rows.slice(at, at + size));
    }
  }

  async #changeTogether(rows: readonly Values[]): Promise<void> {
    const { autocommit } = this.#plan.config;
    const writer = await this.#tools.connections.get('modify', this.#target);
    if (!autocommit) await writer.query('begin');
    for (const row of rows) await this.#change(writer, row);
    await failpoint('data-maintainer.before-commit');
    if (!autocommit) await writer.query('commit');
    await failpoint('data-maintainer.after-commit');
    this.#changed += rows.length;
    this.#progress.advance({ rows: rows.length });
  }

  async #change(writer: Client, row: Values): Promise<void> {
    const { statistics } = this.#tools;
    this.#values = { ...this.#values, ...row };
    try {
      const result = await textQuery(writer, this.#fill('modify'));
      if (result.command === 'SELECT') this.#addStats(result.rows);
      else statistics.add('processed', result.rowCount ?? 0);
    } catch (error) {
      await this.#query('on_crash', this.#plan.config.crash_db);
      throw error;
    }
    statistics.add('count', Number(row['cnt'] ?? 1));
  }

  #addStats(rows: readonly Values[]): void {
    for (const { stats } of rows) {
      if (typeof stats !== 'string') continue;
      for (const [what, amount] of Object.entries(readUrlEncoded(stats))) {
        this.#tools.statistics.add(what, Number(amount));
      }
    }
  }

  async #query(name: QueryName, place: string | undefined): Promise<QueryResult<Values> | null> {
    if (!this.#templates.has(name)) return null;
    const client = await this.#tools.connections.get(name, place ?? this.#target);
    return textQuery(client, this.#fill(name));
  }

  #fill(name: QueryName): string {
    const values = { ...this.#values, job_name: this.#plan.name };
    return this.#templates.get(name)?.fill(values, `jobs.${this.#plan.name}.${name}`) ?? '';
  }
}

/** Values go back into SQL as they came: as text. */
const textTypes: CustomTypesConfig = { getTypeParser: () => (text: string | Buffer) => text };

async function textQuery(client: Client, text: string): Promise<QueryResult<Values>> {
  const result: unknown = await client.query<Values>({ text, types: textTypes });
  return lastResult(result);
}

/** Of several statements the last one's, which pg's types do not know of. */
function lastResult(result: unknown): QueryResult<Values> {
  const last: unknown = Array.isArray(result) ? result.at(-1) : result;
  if (!isResult(last)) throw new TypeError('a query without a result');
  return last;
}

function isResult(value: unknown): value is QueryResult<Values> {
  return typeof value === 'object' && value !== null && 'rows' in value && 'fields' in value;
}
