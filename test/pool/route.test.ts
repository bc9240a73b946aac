import { expect, test } from 'vitest';
import { postgres } from '../kit/index.ts';
import { startScene } from './scene.ts';

const server = postgres();

/** `/* to NAME *\/` in a text leads there. */
function route({ text }: { text: string }): string | null {
  return /\/\* to (\w+) \*\//.exec(text)?.[1] ?? null;
}

const nameOf = 'SELECT current_database() AS name';

test('a function from above decides where each transaction goes', async () => {
  const [here, there] = await Promise.all([server.database(), server.database()]);
  const pool = await startScene({
    databases: { app: here.url, other: there.url },
    settings: { pool_mode: 'transaction', default_pool_size: 1 },
    route,
  });
  const client = await pool.client('app');
  const ask = async (query: string | { name: string; text: string }): Promise<unknown> => {
    const { rows } = await client.query<{ name: string }>(query);
    return rows[0]?.name;
  };

  expect(await ask(nameOf)).toBe(here.name);
  expect(await ask(`/* to other */ ${nameOf}`)).toBe(there.name);
  expect(await ask({ name: 'far', text: `/* to other */ ${nameOf}` })).toBe(there.name);
  // Now only a Bind comes: the text is the one it was parsed with.
  expect(await ask({ name: 'far', text: `/* to other */ ${nameOf}` })).toBe(there.name);
  expect(await ask(nameOf)).toBe(here.name);

  // What a transaction begins with decides for all of it.
  await client.query('/* to other */ BEGIN');
  expect(await ask(nameOf)).toBe(there.name);
  await client.query('COMMIT');
  expect(await ask(nameOf)).toBe(here.name);
});

test('a route to nowhere is an error of that client, and the pool goes on', async () => {
  const here = await server.database();
  const pool = await startScene({
    databases: { app: here.url },
    settings: { pool_mode: 'transaction' },
    route,
  });
  const client = await pool.client('app');
  await expect(client.query(`/* to nowhere */ ${nameOf}`)).rejects.toMatchObject({
    code: '3D000',
    message: 'no such database: nowhere',
  });
  const other = await pool.client('app');
  expect((await other.query<{ name: string }>(nameOf)).rows[0]?.name).toBe(here.name);
});
