import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { SluiceError } from '../errors/index.ts';
import { systemReason } from '../service/index.ts';
import { parseConnection, type Secret } from '../session/index.ts';
import type { Sink, SinkDeps } from '../sink/index.ts';
import { findProblems, type ConfigProblem } from './config-problems.ts';
import { configSchema, type Config } from './config.ts';
import { findUnknownDatabases } from './database-names.ts';
import { findQueueFeedProblems } from './queue-feed-problems.ts';
import { findSinkProblems } from './sink-problems.ts';
import { makeAnySink } from './sinks.ts';
import { describeEntry, resolveDatabase } from './databases.ts';
import { TomlLines } from './toml-lines.ts';

/** The name a folder's config has when none is given. */
export const defaultConfigFile = 'sluice.toml';

/** A read and checked config file. */
export interface LoadedConfig extends Config {
  /** As the person named it, for messages. */
  readonly file: string;
  /** The connection string of a name of `[databases]`, which can be parsed. */
  connectionOf(database: string): Promise<Secret>;
  /** A sink of `[sinks]`, made anew and not started. */
  makeSink(sink: string, deps: SinkDeps): Promise<Sink>;
}

/** @throws CONFIG_NOT_FOUND, or CONFIG_INVALID with every problem of the file and its line */
export async function loadConfig(file: string = defaultConfigFile): Promise<LoadedConfig> {
  return parseConfig(await readConfig(file), file);
}

/** The same for text that is already here; `file` says where relative paths start and what messages call it. */
export function parseConfig(text: string, file: string): LoadedConfig {
  const values = parseToml(text, file);
  const checked = configSchema.safeParse(values);
  const problems = [
    ...(checked.success ? [] : findProblems(configSchema, checked.error, values)),
    ...findUnknownDatabases(values),
    ...findSinkProblems(values),
    ...findQueueFeedProblems(values),
  ];
  if (!checked.success || problems.length > 0) {
    throw invalid(file, problems, new TomlLines(text));
  }
  const config = checked.data;
  const folder = dirname(resolve(file));
  const connectionOf = async (database: string): Promise<Secret> => {
    const entry = config.databases[database];
    if (entry === undefined) {
      throw new SluiceError('CONFIG_DATABASE', { database, problem: `is not in ${file}` });
    }
    const connection = await resolveDatabase(database, entry, folder);
    // What is wrong with it is told here, where its place is known.
    parseConnection(connection.reveal(), process.env, describeEntry(database, entry, file));
    return connection;
  };
  return {
    ...config,
    file,
    connectionOf,
    makeSink: (sink, deps) =>
      makeAnySink(config.sinks[sink]!, { ...deps, name: sink, folder, connectionOf }),
  };
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new SluiceError('CONFIG_NOT_FOUND', { file, reason: systemReason(cause) }, { cause });
  }
}

function parseToml(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // Only the first line of the message: the others quote the file, which may hold a password. For the same
    // reason it is no cause of the error that is shown.
    const problems = `${cause.message.split('\n')[0]} (${file}:${cause.line}:${cause.column})`;
    throw new SluiceError('CONFIG_INVALID', { file, count: 1, problems });
  }
}

function invalid(file: string, problems: readonly ConfigProblem[], lines: TomlLines): SluiceError {
  const texts = problems
    .map(({ path, text }) => ({ key: path.join('.'), text, line: lines.lineOf(path) }))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ key, text, line }) => {
      const place = line === undefined ? file : `${file}:${line}`;
      return `${key === '' ? '' : `${key}: `}${text} (${place})`;
    });
  const details = { file, count: texts.length, problems: texts.join('\n  ') };
  return new SluiceError('CONFIG_INVALID', details);
}
