import { describe, expect, test } from 'vitest';
import type { MessageWriter } from '../../../src/wire/index.ts';
import { ended, frame, openPipeline, postgres, waitFor } from '../../kit/index.ts';
import { outerMajors, startPair, type Script } from './pair.ts';

const tables =
  'CREATE TABLE t (id int PRIMARY KEY, name text); CREATE TABLE big (n int, filler text)';
const copyIn = 'COPY t FROM STDIN';
const rows = (...lines: string[]): Buffer => Buffer.from(`${lines.join('\n')}\n`);
const good = rows('1\tone', '2\ttwo');
const bad = rows('no number\tx');
const begin = [(w: MessageWriter) => w.query('BEGIN')] as const;
const rollback = [(w: MessageWriter) => w.query('ROLLBACK')] as const;
const after = [(w: MessageWriter) => w.query('SELECT count(*) FROM t; TRUNCATE t')] as const;

type Start = {
  name: string;
  start: (w: MessageWriter) => unknown;
  end: (w: MessageWriter) => unknown;
};

/** The ways to begin a COPY; extended ones need a Sync behind the data. */
const starts: readonly Start[] = [
  { name: 'a Query', start: (w) => w.query(copyIn), end: () => undefined },
  {
    name: 'Parse, Bind, Execute',
    start: (w) => w.parse('', copyIn).bind('', '', []).execute('').flush(),
    end: (w) => w.sync(),
  },
  {
    name: 'a pipeline whose Sync is too early',
    start: (w) => w.parse('', copyIn).bind('', '', []).execute('').sync(),
    end: (w) => w.sync(),
  },
];

describe.each(outerMajors)('COPY, PostgreSQL %i', (major) => {
  const server = postgres(major);

  describe.each(starts)('begun by $name', ({ start, end }) => {
    test.each<{ title: string; script: Script }>([
      {
        title: 'success',
        script: [
          [start, 'G'],
          [(w) => (w.copyData(good).copyDone(), end(w)), 1],
        ],
      },
      {
        title: 'success, everything in one write',
        script: [[(w) => (start(w), w.copyData(good).copyDone(), end(w)), 1]],
      },
      {
        title: 'success, with Sync and Flush among the data',
        script: [
          [start, 'G'],
          [
            (w) => (
              w.sync().copyData(rows('1\tone')).flush().sync().copyData(rows('2\ttwo')).copyDone(),
              end(w)
            ),
            1,
          ],
        ],
      },
      {
        title: 'CopyFail',
        script: [
          [start, 'G'],
          [(w) => (w.copyData(good).copyFail('enough'), end(w)), 1],
        ],
      },
      {
        title: 'CopyFail, everything in one write',
        script: [[(w) => (start(w), w.copyData(good).copyFail('enough'), end(w)), 1]],
      },
      {
        title: 'an error before CopyDone is sent, whose data comes late',
        script: [
          [start, 'G'],
          [(w) => w.copyData(bad).copyData(good), 'E:'],
          [(w) => (w.copyData(good).copyDone(), end(w), w.query('SELECT 1')), 2],
        ],
      },
      {
        title: 'an error after CopyDone was sent',
        script: [
          [start, 'G'],
          [(w) => (w.copyData(bad).copyDone(), end(w), w.query('SELECT 1')), 2],
        ],
      },
      {
        title: 'an error at the last row',
        script: [
          [start, 'G'],
          [(w) => (w.copyData(good).copyData(good).copyDone(), end(w), w.query('SELECT 1')), 2],
        ],
      },
    ])('case 18: $title', async ({ script }) => {
      const pair = await startPair(server, { sql: tables });
      await pair.sameAsDirect([...script, after]);
      // In a transaction, where the server is not given back in between.
      await pair.sameAsDirect([begin, ...script, rollback, after]);
    });
  });

  test('case 18: a COPY that never begins, with its data already sent', async () => {
    const pair = await startPair(server, { sql: tables });
    const missing = 'COPY missing FROM STDIN';
    const script: Script = [
      [(w) => w.query(missing).copyData(good).copyDone().query('SELECT 1'), 2],
      [(w) => w.query(missing).copyData(good).copyFail('why').query('SELECT 2'), 2],
      [
        (w) =>
          w
            .parse('', missing)
            .bind('', '', [])
            .execute('')
            .copyData(good)
            .copyDone()
            .sync()
            .query('SELECT 3'),
        2,
      ],
      [(w) => w.copyData(good).copyDone().copyFail('late').query('SELECT 4')],
      [(w) => w.copyDone().sync().query('SELECT 5'), 2],
    ];
    await pair.sameAsDirect([...script, after]);
    await pair.sameAsDirect([begin, ...script, rollback, after]);
  });

  test('case 18: several COPYs in one Query, and one behind the other', async () => {
    const pair = await startPair(server, { sql: tables });
    await pair.sameAsDirect([
      [
        (w) =>
          w
            .query(`${copyIn}; SELECT count(*) FROM t; ${copyIn}`)
            .copyData(rows('1\ta'))
            .copyDone()
            .copyData(rows('2\tb'))
            .copyDone()
            .query('SELECT max(id) FROM t'),
        2,
      ],
      after,
      [
        (w) => {
          for (let i = 0; i < 5; i++)
            w.query(copyIn)
              .copyData(rows(`${i}\tx`))
              .copyDone();
        },
        5,
      ],
      after,
      [
        (w) => {
          for (let i = 0; i < 5; i++) {
            w.parse('', copyIn).bind('', '', []).execute('');
            w.copyData(i === 2 ? bad : rows(`${i}\tx`))
              .copyDone()
              .sync();
          }
        },
        5,
      ],
      after,
    ]);
  });

  test('case 18: a request among the data is refused as PostgreSQL does', async () => {
    const pair = await startPair(server, { sql: tables });
    for (const intruder of [
      (w: MessageWriter) => w.query('SELECT 1'),
      (w: MessageWriter) => w.parse('', 'SELECT 1'),
      (w: MessageWriter) => w.execute(''),
    ]) {
      const direct = await pair.direct();
      await direct.ask((w) => w.query(copyIn), 'G');
      const wanted = await direct.ask((w) => intruder(w.copyData(good)), ended);
      const pooled = await pair.pooled();
      await pooled.ask((w) => w.query(copyIn), 'G');
      expect(await pooled.ask((w) => intruder(w.copyData(good)), ended)).toEqual(wanted);
      await pair.expectQuiet();
    }
  });

  test.each<[string, (w: MessageWriter) => unknown, string[]]>([
    [
      'a request',
      (w) => w.query("SELECT 'not for others' FROM pg_sleep(0.2)"),
      ['E:08P01', 'F:08P01', ended],
    ],
    ['a Sync', (w) => w.sync(), ['E:22P02', 'Z:I']],
  ])(
    'case 18: %s behind data that have failed already is answered to nobody else',
    async (_what, intruder, wanted) => {
      const pair = await startPair(server, { sql: tables });
      const [client, ...others] = await Promise.all([1, 2, 3].map(() => pair.pooled()));
      await client!.ask((w) => w.query(copyIn), 'G');
      const answers = others.map((other, i) =>
        other.ask((w) => w.query(`SELECT 'for ${i}' FROM pg_sleep(0.1)`)),
      );
      await waitFor('them to wait', () => pair.pooler.pools[0]!.waiting.size === 2);
      const until = wanted.at(-1) === ended ? ended : 1;
      expect(await client!.ask((w) => intruder(w.copyData(bad)), until)).toEqual(wanted);
      for (const [i, answer] of (await Promise.all(answers)).entries()) {
        expect(answer.slice(1)).toEqual([`D:for ${i}`, 'C:SELECT 1', 'Z:I']);
      }
      await pair.expectQuiet();
    },
  );

  test('case 18: a client that goes away in the middle of its data has copied nothing', async () => {
    const pair = await startPair(server, { sql: tables });
    for (const go of ['vanish', 'close'] as const) {
      const client = await pair.pooled();
      await client.ask((w) => w.query(copyIn), 'G');
      await client.send((w) => w.copyData(good));
      await client[go]();
      const next = await pair.pooled();
      expect(await next.ask((w) => w.query('SELECT count(*) FROM t'))).toContain('D:0');
      await next.close();
    }
    // In the middle of one message.
    const client = await pair.pooled();
    await client.ask((w) => w.query(copyIn), 'G');
    await client.sendBytes(frame('d', good).subarray(0, 9));
    client.vanish();
    await waitFor('the client to be gone', () => pair.pooler.clients.size === 0);
    const next = await pair.pooled();
    expect(await next.ask((w) => w.query('SELECT count(*) FROM t'))).toContain('D:0');
    await pair.expectQuiet();
  });

  test('case 19: COPY OUT, in the middle of other things', async () => {
    const pair = await startPair(server, {
      sql: `${tables}; INSERT INTO t SELECT n, 'row ' || n FROM generate_series(1, 3) n`,
    });
    const copyOut = 'COPY (SELECT * FROM t ORDER BY id) TO STDOUT';
    await pair.sameAsDirect([
      [(w) => w.query(`SELECT 1; ${copyOut}; SELECT 2`)],
      [(w) => w.parse('', copyOut).bind('', '', []).describe('portal', '').execute('').sync()],
      [
        (w) =>
          w
            .query('COPY (SELECT 1 / (2 - n) FROM generate_series(1, 3) n) TO STDOUT')
            .query('SELECT 3'),
        2,
      ],
    ]);
  });

  test('case 19: a slow reader of a large COPY OUT is waited for, in bounded memory', async () => {
    const pair = await startPair(server, { sql: tables });
    const client = await pair.pooled();
    client.socket.pause();
    await client.send((w) =>
      w.query("COPY (SELECT n, repeat('x', 1000) FROM generate_series(1, 60000) n) TO STDOUT"),
    );
    const [held] = pair.pooler.clients;
    await waitFor('the pool to stop reading', () => held!.leg.unwrittenBytes > 0);
    expect(held!.leg.unwrittenBytes).toBeLessThan(4_000_000);
    client.socket.resume();
    const transcript = await client.until(1);
    expect(transcript.filter((reply) => reply.startsWith('d:'))).toHaveLength(60_000);
    expect(transcript.slice(-3)).toEqual(['c', 'C:COPY 60000', 'Z:I']);
    await pair.expectQuiet();
  });

  test('case 19: a reader that goes away costs its server, and nobody else anything', async () => {
    const pair = await startPair(server, { sql: tables });
    const client = await pair.pooled();
    client.socket.pause();
    await client.send((w) =>
      w.query("COPY (SELECT n, repeat('x', 1000) FROM generate_series(1, 60000) n) TO STDOUT"),
    );
    const [held] = pair.pooler.clients;
    await waitFor('the pool to stop reading', () => held!.leg.unwrittenBytes > 0);
    client.vanish();
    const next = await pair.pooled();
    expect(await next.ask((w) => w.query('SELECT 1'))).toContain('D:1');
    await pair.expectQuiet();
  });
});

describe('replication', () => {
  const server = postgres(undefined, { wal_level: 'logical' });

  test('case 20: replication connections have a server of their own, and COPY BOTH goes through', async () => {
    const pair = await startPair(server, { sql: tables });
    const ordinary = await pair.pooled();
    await ordinary.ask((w) => w.query('BEGIN')); // the only server of the pool
    const follower = await openPipeline(pair.scene.port, {
      database: 'app',
      parameters: { replication: 'database' },
    });
    expect((await follower.ask((w) => w.query('IDENTIFY_SYSTEM'))).at(-1)).toBe('Z:I');
    const slot = await follower.ask((w) =>
      w.query('CREATE_REPLICATION_SLOT pooled TEMPORARY LOGICAL pgoutput'),
    );
    expect(slot.at(-1)).toBe('Z:I');
    await pair.database.query('CREATE PUBLICATION everything FOR ALL TABLES');
    await follower.ask(
      (w) =>
        w.query(
          "START_REPLICATION SLOT pooled LOGICAL 0/0 (proto_version '1', publication_names 'everything')",
        ),
      'W',
    );
    await pair.database.query("INSERT INTO t VALUES (1, 'followed')");
    await waitFor('the insert to come', () =>
      follower.unread.some((reply) => reply.includes('followed')),
    );
    expect(await follower.ask((w) => w.copyDone(), 1)).toContain('c');
    await follower.close();
    await waitFor('its walsender to be gone', async () => {
      const [row] = await server.query('SELECT count(*) AS n FROM pg_stat_replication');
      return row!['n'] === '0';
    });
    await ordinary.ask((w) => w.query('COMMIT'));
    await pair.expectQuiet();
    expect([...pair.pooler.databases.values()].map(({ serverCount }) => serverCount)).toEqual([1]);
  });

  test('case 20: physical replication needs no database of the pool but its servers', async () => {
    const pair = await startPair(server, { sql: tables });
    const follower = await openPipeline(pair.scene.port, {
      database: 'app',
      parameters: { replication: 'true' },
    });
    expect((await follower.ask((w) => w.query('IDENTIFY_SYSTEM'))).at(-1)).toBe('Z:I');
    follower.vanish();
    await waitFor('its server to be gone', () =>
      [...pair.pooler.databases.values()].every(({ serverCount }) => serverCount === 0),
    );
  });
});
