import { readDatabase, readRole } from '../catalog/index.ts';
import { isSluiceError } from '../errors/index.ts';
import {
  checkDatabase,
  lookAtInserting,
  lookAtReading,
  lookAtTracking,
  type CheckedDatabase,
} from '../queue/index.ts';
import { Metrics, silentLog, silentProgress, type Finding } from '../service/index.ts';
import { findJobProblem as find } from './check-findings.ts';
import { databaseSettings, type JobConfig } from './config.ts';
import type { JobPlan } from './job.ts';
import { makeJob } from './make-job.ts';
import type { ArchiverConfig } from './ready-made/archiver/config.ts';
import { readTable } from './ready-made/archiver/table-facts.ts';
import { settingsOf, type QueueLoaderConfig } from './ready-made/queue-loader.ts';
import type { TableDispatcherConfig } from './ready-made/table-dispatcher.ts';
import { loadSql } from './sql.ts';
import { quoteTableIfNeeded, splitTable } from './table-name.ts';

const checkTable = loadSql('check-table');
const findReceipts = loadSql('archive-find-receipts');

/** What is to be looked at in a database of the job. */
interface Look {
  readonly database: string;
  readonly look: (database: CheckedDatabase) => Finding[] | Promise<Finding[]>;
}

/** Looks at what a job needs, as far as its settings say it, and changes nothing. */
export async function checkJob(plan: JobPlan<JobConfig>, signal: AbortSignal): Promise<Finding[]> {
  const looks = looksOf(plan.name, plan.config);
  const options = { connectionOf: (name: string) => plan.connectionOf(name), signal };
  const findings = lookAtQueries(plan);
  for (const name of databasesOf(plan.config)) {
    const here = looks.filter(({ database }) => database === name);
    const ofDatabase = await checkDatabase(name, options, async (database) => {
      const found: Finding[] = [];
      for (const { look } of here) found.push(...(await look(database)));
      return found;
    });
    findings.push(...ofDatabase);
  }
  return findings;
}

/** A job is made, and not started. */
function lookAtQueries(plan: JobPlan<JobConfig>): Finding[] {
  try {
    makeJob(plan, { log: silentLog, metrics: new Metrics(), progress: silentProgress });
    return [];
  } catch (error) {
    if (!isSluiceError(error, 'JOBS_QUERY')) throw error;
    const { setting, place } = error.details;
    return [find('CHECK_JOB_QUERY', String(setting), `% begins no %(field)s at: ${place}`)];
  }
}

function databasesOf(config: JobConfig): Set<string> {
  const settings: ReadonlyMap<string, unknown> = new Map(Object.entries(config));
  const named = databaseSettings.map((setting) => settings.get(setting));
  return new Set(named.filter((name) => typeof name === 'string'));
}

function looksOf(job: string, config: JobConfig): Look[] {
  switch (config.kind) {
    case 'archiver':
      return [
        { database: config.source, look: (database) => lookAtArchived(job, database, config) },
        { database: config.target, look: (database) => lookAtArchive(database, config) },
      ];
    case 'data_maintainer':
      return []; // what its queries need, only they say
    case 'simple_consumer':
      return [reads(config)];
    case 'bulk_loader': {
      const { tables = [], remap_tables: remap } = config;
      const loaded = [...tables.map((table) => remap[table] ?? table), ...Object.values(remap)];
      return [
        ...moves(config),
        ...needs(config, loaded, loadPrivileges, 'CHECK_JOB_TABLE_SKIPPED'),
      ];
    }
    case 'cube_dispatcher': {
      const parents = config.part_template.includes('_PARENT') ? (config.tables ?? []) : [];
      return [...moves(config), ...needs(config, parents, 'SELECT')];
    }
    case 'queue_loader':
      return [...moves(config), ...needs(config, loadedTables(config), loadPrivileges)];
    case 'queue_mover':
      return [...moves(config), inserts(config, config.target_queue ?? config.queue)];
    case 'queue_splitter':
      return [...moves(config), inserts(config)];
    case 'simple_serial_consumer':
      return moves(config);
    case 'table_dispatcher': {
      const parents = needsParent(config) ? [config.dest_table] : [];
      return [...moves(config), ...needs(config, parents, 'INSERT')];
    }
    default:
      return config satisfies never;
  }
}

const loadPrivileges = 'SELECT INSERT UPDATE DELETE';

interface Sides {
  readonly source: string;
  readonly target: string;
  readonly queue: string;
}

function reads({ source, queue }: Sides): Look {
  return { database: source, look: (database) => lookAtReading(database, queue) };
}

/** Reads a queue, and keeps the position with what it writes. */
function moves(config: Sides): Look[] {
  return [reads(config), { database: config.target, look: lookAtTracking }];
}

function inserts({ target }: Sides, queue?: string): Look {
  return { database: target, look: (database) => lookAtInserting(database, queue) };
}

type Missing = 'CHECK_JOB_TABLE' | 'CHECK_JOB_TABLE_SKIPPED';

function needs(
  { target }: Sides,
  tables: readonly string[],
  privileges: string,
  missing: Missing = 'CHECK_JOB_TABLE',
): Look[] {
  return [...new Set(tables)].map((table) => ({
    database: target,
    look: (database) => lookAtTable(database, table, privileges, missing),
  }));
}

/** Rows go into it, or tables are made like it. */
function needsParent({
  part_field: field,
  part_template: template,
}: TableDispatcherConfig): boolean {
  if (template === undefined) return field === undefined;
  return template.includes('_PARENT');
}

/** Those that the settings name: rows go into them, or tables are made like them. */
function loadedTables(config: QueueLoaderConfig): string[] {
  const named = new Set([...(config.tables ?? []), ...Object.keys(config.per_table)]);
  return [...named].filter((table) => {
    const { table_mode: mode, split_part_template: template = '' } = settingsOf(config, table);
    return mode === 'direct' || (mode === 'split' && template.includes('%(parent)s'));
  });
}

async function lookAtArchived(
  job: string,
  database: CheckedDatabase,
  { table }: ArchiverConfig,
): Promise<Finding[]> {
  try {
    await readTable(job, table, database.session);
  } catch (error) {
    if (!isSluiceError(error, 'JOBS_ARCHIVE_TABLE')) throw error;
    return [find('CHECK_JOB_ARCHIVE', table, `it ${error.details['problem']}`)];
  }
  return lookAtTable(database, table, 'SELECT UPDATE DELETE');
}

async function lookAtArchive(
  database: CheckedDatabase,
  { table, target_table: target = table, partition_by: column, part_template }: ArchiverConfig,
): Promise<Finding[]> {
  const findings = await lookAtReceipts(database);
  if (column !== undefined && !part_template.includes('_PARENT')) return findings;
  return [...findings, ...(await lookAtTable(database, target, 'SELECT INSERT DELETE'))];
}

async function lookAtReceipts({ name, session }: CheckedDatabase): Promise<Finding[]> {
  const { rows } = await session.query(findReceipts);
  if (rows[0]?.['found'] !== null) return [];
  const { name: user, canCreateInDatabase } = await readRole(session);
  if (canCreateInDatabase) return [];
  const { name: database } = await readDatabase(session);
  const evidence = `user ${user} may not create schemas there`;
  return [find('CHECK_JOB_CREATE', name, evidence, { database, user })];
}

async function lookAtTable(
  { name, session }: CheckedDatabase,
  table: string,
  privileges: string,
  missingCode: Missing = 'CHECK_JOB_TABLE',
): Promise<Finding[]> {
  const { schema, name: relation } = splitTable(table);
  const { rows } = await session.query(checkTable, [schema, relation, privileges]);
  const [row] = rows;
  const place = `${table} of ${name}`;
  if (row === undefined) return [find(missingCode, place, 'no such table')];
  const missing = row['missing'] ?? null;
  if (missing === null) return [];
  const user = row['user_name'] ?? '';
  return [
    find('CHECK_JOB_TABLE_RIGHTS', place, `user ${user} has not: ${missing}`, {
      missing,
      table: quoteTableIfNeeded(table),
      user,
    }),
  ];
}
