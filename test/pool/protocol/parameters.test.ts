import { describe, expect, test } from 'vitest';
import { postgres, type PipelineClient } from '../../kit/index.ts';
import { outerMajors, startPair } from './pair.ts';

describe.each(outerMajors)('parameters, PostgreSQL %i', (major) => {
  const server = postgres(major);

  test('case 30: a client is greeted with what a server reports and what it asked for', async () => {
    const pair = await startPair(server);
    const parameters = {
      application_name: 'greeted',
      TimeZone: 'Asia/Tokyo',
      client_encoding: 'LATIN1',
    };
    const direct = (await pair.direct({ parameters })).greeting;
    const pooled = (await pair.pooled({ parameters })).greeting;
    expect(reported(pooled)).toEqual(reported(direct));
    expect(pooled).toContain('S:TimeZone=Asia/Tokyo');
    expect(pooled.at(-1)).toBe('Z:I');
  });

  test('case 30: a request is not done with settings that no server takes', async () => {
    const pair = await startPair(server, { sql: 'CREATE TABLE t (n int)' });
    const client = await pair.pooled({ parameters: { TimeZone: 'No/Where' } });
    const told = await client.ask((w) => w.query('INSERT INTO t VALUES (1)'), 'end');
    expect(told).toEqual(['F:22023', 'end']);
    const other = await pair.pooled();
    expect(await other.ask((w) => w.query('SELECT count(*) FROM t'))).toContain('D:0');
    await pair.expectQuiet();
  });

  test('case 30: settings follow their client from server to server, and reach nobody else', async () => {
    const pair = await startPair(server, { poolSize: 2, settings: { server_round_robin: 1 } });
    const wanted = ['Asia/Tokyo', 'America/Lima', 'Europe/Riga'];
    const clients = await Promise.all(
      wanted.map((TimeZone, i) =>
        pair.pooled({ parameters: { TimeZone, application_name: `client ${i}` } }),
      ),
    );
    for (let round = 0; round < 6; round++) {
      const shown = await Promise.all(
        clients.map((client) => shows(client, 'TimeZone', 'application_name')),
      );
      expect(shown).toEqual(wanted.map((zone, i) => [zone, `client ${i}`]));
    }
    await clients[0]!.ask((w) => w.query("SET TimeZone = 'UTC'; SET DateStyle = 'SQL, DMY'"));
    for (let round = 0; round < 4; round++) {
      expect(await shows(clients[0]!, 'TimeZone', 'DateStyle')).toEqual(['UTC', 'SQL, DMY']);
      expect(await shows(clients[1]!, 'TimeZone', 'DateStyle')).toEqual([
        'America/Lima',
        'ISO, MDY',
      ]);
    }
    await pair.expectQuiet();
  });

  test('case 30: a change is reported as PostgreSQL does, also over the extended protocol', async () => {
    const pair = await startPair(server);
    await pair.sameAsDirect([
      [(w) => w.query("SET TimeZone = 'Asia/Tokyo'")],
      [(w) => w.query("SET TimeZone = 'Asia/Tokyo'; SET DateStyle = German; SET work_mem = '1MB'")],
      [(w) => w.parse('', "SET TimeZone = 'UTC'").bind('', '', []).execute('').sync()],
      [(w) => w.query('RESET ALL')],
      [(w) => w.query("SET TimeZone = 'nowhere'")],
      [(w) => w.query("SET client_encoding = 'LATIN1'")],
      [(w) => w.query('DISCARD ALL')],
    ]);
  });

  test('case 30: equal values that are spelled otherwise are set once, not for every transaction', async () => {
    const pair = await startPair(server);
    await pair.database.query(`
      CREATE TABLE sets (n int);
      CREATE FUNCTION statements() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM sets'`);
    const client = await pair.pooled({
      parameters: { DateStyle: 'iso', TimeZone: 'utc', standard_conforming_strings: 'true' },
    });
    await client.ask((w) => w.query('SELECT 1'));
    const [pooledServer] = pair.pooler.pools[0]!.servers;
    let own = 0;
    const queueOwn = pooledServer!.queueOwn.bind(pooledServer);
    pooledServer!.queueOwn = (text, after) => {
      own++;
      queueOwn(text, after);
    };
    for (let i = 0; i < 5; i++) await client.ask((w) => w.query('SELECT 1'));
    expect(own).toBe(0);
  });

  test('case 30: an empty application_name stays empty', async () => {
    const pair = await startPair(server);
    const named = await pair.pooled({ parameters: { application_name: 'named' } });
    const nameless = await pair.pooled({ parameters: { application_name: '' } });
    for (let round = 0; round < 2; round++) {
      expect(await shows(named, 'application_name')).toEqual(['named']);
      expect(await shows(nameless, 'application_name')).toEqual(['']);
    }
  });

  test('case 30: values with quotes and backslashes are restored as they are', async () => {
    const pair = await startPair(server);
    const name = `it's "a" \\ name; DROP`;
    const odd = await pair.pooled({ parameters: { application_name: name } });
    const plain = await pair.pooled();
    await plain.ask((w) => w.query('SET standard_conforming_strings = off'));
    for (let round = 0; round < 3; round++) {
      expect(await shows(odd, 'application_name')).toEqual([name]);
      expect(await shows(plain, 'standard_conforming_strings')).toEqual(['off']);
    }
  });

  test('case 30: track_extra_parameters follow too, lists of names among them', async () => {
    const pair = await startPair(server, {
      sql: 'CREATE SCHEMA a; CREATE SCHEMA "b, c"',
      settings: { track_extra_parameters: 'IntervalStyle, search_path' },
    });
    const [one, other] = await Promise.all([pair.pooled(), pair.pooled()]);
    await one.ask((w) => w.query('SET IntervalStyle = iso_8601'));
    if (major >= 18) await one.ask((w) => w.query('SET search_path = a, "b, c", public'));
    for (let round = 0; round < 3; round++) {
      expect(await shows(other, 'IntervalStyle', 'search_path')).toEqual([
        'postgres',
        '"$user", public',
      ]);
      expect(await shows(one, 'IntervalStyle')).toEqual(['iso_8601']);
      if (major < 18) continue;
      const answer = await one.ask((w) =>
        w.query("SELECT array_to_string(current_schemas(false), '|')"),
      );
      expect(answer).toContain('D:a|b, c|public');
    }
  });

  test('case 40: SET LOCAL and a SET that is rolled back are gone with their transaction', async () => {
    const pair = await startPair(server);
    await pair.sameAsDirect([
      [(w) => w.query("BEGIN; SET LOCAL TimeZone = 'Asia/Tokyo'; SHOW TimeZone")],
      [(w) => w.query('COMMIT; SHOW TimeZone')],
      [(w) => w.query("BEGIN; SET TimeZone = 'Asia/Tokyo'")],
      [(w) => w.query('ROLLBACK')],
      [(w) => w.query('SHOW TimeZone')],
      [
        (w) =>
          w.query(
            "BEGIN; SET TimeZone = 'Asia/Tokyo'; SAVEPOINT s; SET TimeZone = 'UTC'; ROLLBACK TO s",
          ),
      ],
      [(w) => w.query('COMMIT')],
      [(w) => w.query('SHOW TimeZone')],
    ]);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    const before = await shows(a, 'TimeZone');
    await a.ask((w) => w.query("BEGIN; SET TimeZone = 'Asia/Tokyo'"));
    await a.ask((w) => w.query('ROLLBACK'));
    expect(await shows(b, 'TimeZone')).toEqual(before);
    expect(await shows(a, 'TimeZone')).toEqual(before);
  });

  test('case 40: ... also when its client goes away in the middle of it', async () => {
    const pair = await startPair(server);
    const [a, b] = await Promise.all([pair.pooled(), pair.pooled()]);
    const before = await shows(b, 'TimeZone', 'DateStyle');
    await a.ask((w) => w.query("BEGIN; SET TimeZone = 'Asia/Tokyo'; SET LOCAL DateStyle = German"));
    a.vanish();
    expect(await shows(b, 'TimeZone', 'DateStyle')).toEqual(before);
    await pair.expectQuiet();
  });
});

/** What a greeting reports, but for who is asked. */
function reported(greeting: readonly string[]): string[] {
  return greeting.filter((reply) => reply.startsWith('S:')).toSorted();
}

async function shows(client: PipelineClient, ...names: string[]): Promise<string[]> {
  const answer = await client.ask((w) => w.query(names.map((name) => `SHOW ${name}`).join(';')));
  return answer.filter((reply) => reply.startsWith('D:')).map((reply) => reply.slice(2));
}
