import { readFileSync } from 'node:fs';
import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { installScript } from '../../../src/queue/index.ts';
import { majors, postgres } from '../../kit/index.ts';
import { hasOriginal } from './original.ts';

/** What each statement gives: rows, warnings, or SQLSTATE and message. The files are the original's, made on 15. */
const scripts = ['producers', 'consumers'];

describe.each(majors)('on PostgreSQL %i', (major) => {
  const server = postgres(major);

  test.each(scripts)('%s see what they see of the original', async (script) => {
    const database = await server.database(installScript());
    const seen = await transcribe(await database.client(), script);
    await expect(seen).toMatchFileSnapshot(`transcript/${script}.txt`);
  });

  test.skipIf(!hasOriginal(major))('the original gives these transcripts', async () => {
    for (const script of scripts) {
      const database = await server.database('create extension pgq');
      const seen = await transcribe(await database.client(), script);
      await expect(seen).toMatchFileSnapshot(`transcript/${script}.txt`);
    }
  });
});

async function transcribe(client: Client, script: string): Promise<string> {
  const statements = readFileSync(new URL(`transcript/${script}.sql`, import.meta.url), 'utf8');
  const lines: string[] = [];
  client.on('notice', ({ severity, message }) => lines.push(`  ${severity}: ${message}`));
  for (const statement of statements.trim().split('\n')) {
    lines.push(statement);
    lines.push(...(await resultsOf(client, statement)));
  }
  return `${lines.join('\n')}\n`;
}

async function resultsOf(client: Client, statement: string): Promise<string[]> {
  try {
    const query = { text: statement, rowMode: 'array' } as const;
    const { command, rowCount, rows } = await client.query<unknown[]>(query);
    return [`  ${command} ${rowCount}`, ...rows.map((row) => `  ${JSON.stringify(row)}`)];
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return [`  ${String(error.code)} ${error.message}`];
  }
}
