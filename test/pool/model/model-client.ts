import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { MessageWriter } from '../../../src/wire/index.ts';
import {
  ended,
  openPipeline,
  piecesOf,
  type PipelineClient,
  type Split,
  type Until,
} from '../../kit/index.ts';
import type { Leaving, Step } from './program.ts';

const zones = ['UTC', 'Asia/Tokyo', 'America/Lima'] as const;

type Write = (w: MessageWriter) => unknown;

/** Its connection is over: what it asked and did not hear of is nobody's any more. */
class Gone extends Error {}

/**
 * A client that knows, of everything it asks, the only right answer: every value has its name and number in it,
 * and what it has prepared and set is remembered here.
 */
export class ModelClient {
  readonly id: string;
  readonly #port: number;
  #split: Split | null = null;
  #client: PipelineClient | null = null;
  #asked = 0;
  /** Text by name, of protocol and SQL alike: they are one space of names. */
  #prepared = new Map<string, string>();
  #zone: string | null = null;
  /** What it is at; null: it has done everything. */
  doing: Step | null = null;
  /** How often its connection was lost although it did not want to. */
  losses = 0;

  constructor(id: string, port: number, pieceBytes: number) {
    this.id = id;
    this.#port = port;
    if (pieceBytes > 0) this.#split = piecesOf(pieceBytes);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      try {
        await this.#connect();
        this.doing = step;
        await this.#do(step);
      } catch (error) {
        if (!(error instanceof Gone)) throw error;
        this.losses++;
        this.#forgetConnection();
      }
    }
    this.doing = null;
    await this.#client?.close();
  }

  async #do(step: Step): Promise<void> {
    switch (step.does) {
      case 'transaction':
        await this.#expect((w) => w.query('BEGIN'), ['C:BEGIN', 'Z:T']);
        for (const inner of step.steps) await this.#ask(inner, 'T');
        if (step.isKept) await this.#expect((w) => w.query('COMMIT'), ['C:COMMIT', 'Z:I']);
        else await this.#expect((w) => w.query('ROLLBACK'), ['C:ROLLBACK', 'Z:I']);
        return;
      case 'leave':
        return this.#leave(step.way);
      case 'cancel':
        return this.#cancel(step.afterMs);
      default:
        return this.#ask(step, 'I');
    }
  }

  /** @param status  of the transaction that it is asked in */
  async #ask(step: Step, status: 'I' | 'T'): Promise<void> {
    const ready = `Z:${status}`;
    const mark = this.#mark();
    const row = [`D:${mark}`, 'C:SELECT 1'];
    switch (step.does) {
      case 'simple':
        return this.#expect((w) => w.query(`SELECT '${mark}' AS v`), ['T:v', ...row, ready]);
      case 'several':
        return this.#expect(
          (w) => w.query(`SELECT '${mark}' AS v; SELECT; SELECT '${mark}' AS v`),
          ['T:v', ...row, 'T:', 'D:', 'C:SELECT 1', 'T:v', ...row, ready],
        );
      case 'many': {
        const marks = Array.from({ length: step.count }, (_, i) => `${mark}.${i}`);
        return this.#expect(
          (w) => {
            for (const [i, value] of marks.entries()) {
              if (i % 3 === 0) w.query(`SELECT '${value}' AS v`);
              else
                w.parse('', textOf(i % 4))
                  .bind('', '', [value])
                  .execute('')
                  .sync();
            }
          },
          marks.flatMap((value, i) => [
            ...(i % 3 === 0 ? ['T:v'] : ['1', '2']),
            `D:${value}${i % 3 === 0 ? '' : suffixOf(i % 4)}`,
            'C:SELECT 1',
            ready,
          ]),
          step.count,
        );
      }
      case 'fail':
        return this.#expect((w) => w.query(`SELECT 1/0, '${mark}'`), ['E:22012', ready]);
      case 'unnamed':
        return this.#expect(
          (w) =>
            w.parse('', textOf(0)).bind('', '', [mark]).describe('portal', '').execute('').sync(),
          ['1', '2', 'T:v', `D:${mark}${suffixOf(0)}`, 'C:SELECT 1', ready],
        );
      case 'literal':
        return this.#expect(
          (w) => w.parse('', `SELECT '${mark}' AS v`).bind('', '', []).execute('').sync(),
          ['1', '2', ...row, ready],
        );
      case 'flush':
        await this.#expect(
          (w) => w.parse('', textOf(1)).bind('', '', [mark]).execute('').flush(),
          ['1', '2', `D:${mark}${suffixOf(1)}`, 'C:SELECT 1'],
          'C:',
        );
        return this.#expect((w) => w.sync(), [ready]);
      case 'named':
        return this.#useNamed(step.name, step.text, mark, ready);
      case 'parse':
        return this.#parse(step.name, step.text, ready);
      case 'close':
        this.#prepared.delete(nameOf(step.name));
        return this.#expect((w) => w.close('statement', nameOf(step.name)).sync(), ['3', ready]);
      case 'pipeline':
        return this.#pipeline(step.names, step.failAt, mark);
      case 'copyIn':
        return this.#copyIn(step.ending, step.isExtended, mark, ready);
      case 'copyOut':
        return this.#expect(
          (w) => w.query(`COPY (SELECT '${mark}') TO STDOUT`),
          ['H', `d:${mark}`, 'c', 'C:COPY 1', ready],
        );
      case 'sqlPrepare':
        return this.#sqlPrepare(step.name, mark);
      case 'sqlExecute':
        return this.#sqlExecute(step.name, mark, ready);
      case 'sqlDeallocate': {
        const name = nameOf(step.name);
        const isThere = this.#prepared.delete(name);
        return this.#expect(
          (w) => w.query(`DEALLOCATE ${name}`),
          [isThere ? 'C:DEALLOCATE' : 'E:26000', ready],
        );
      }
      case 'set':
        return this.#set(zones[step.zone]!);
      case 'forget':
        return this.#forget(step.isAll);
      default:
        throw new Error(`not a step of its own: ${step.does}`);
    }
  }

  async #useNamed(number: number, text: number, mark: string, ready: string): Promise<void> {
    const name = nameOf(number);
    const known = this.#prepared.get(name);
    const made = known ?? textOf(text);
    await this.#expect(
      (w) => {
        if (known === undefined) w.parse(name, made);
        w.bind('', name, [mark]).execute('').sync();
      },
      [...(known === undefined ? ['1'] : []), '2', `D:${mark}${endOf(made)}`, 'C:SELECT 1', ready],
    );
    this.#prepared.set(name, made);
  }

  async #parse(number: number, text: number, ready: string): Promise<void> {
    const name = nameOf(number);
    const isTaken = this.#prepared.has(name);
    await this.#expect(
      (w) => w.parse(name, textOf(text)).sync(),
      [isTaken ? 'E:42P05' : '1', ready],
    );
    if (!isTaken) this.#prepared.set(name, textOf(text));
  }

  /** Parses what it has not and uses it; one request in between fails, and takes the rest with it. */
  async #pipeline(numbers: readonly number[], failAt: number, mark: string): Promise<void> {
    const prepared = new Map(this.#prepared);
    const writes: Write[] = [];
    const replies: string[] = [];
    let hasFailed = false;
    for (const [i, number] of numbers.entries()) {
      const name = nameOf(number);
      if (i === failAt) {
        writes.push((w) => w.bind('', 'never made', []));
        replies.push('E:26000');
        hasFailed = true;
      }
      const isClosed = i % 3 === 2;
      // What is written behind the failure is written as if it had not happened: a driver cannot know.
      const known = prepared.get(name);
      const text = known ?? textOf(i % 4);
      if (isClosed) {
        writes.push((w) => w.close('statement', name));
        if (!hasFailed) {
          replies.push('3');
          this.#prepared.delete(name);
        }
        prepared.delete(name);
        continue;
      }
      if (known === undefined) writes.push((w) => w.parse(name, text));
      writes.push((w) => w.bind('', name, [`${mark}.${i}`]).execute(''));
      prepared.set(name, text);
      if (hasFailed) continue;
      if (known === undefined) replies.push('1');
      replies.push('2', `D:${mark}.${i}${endOf(text)}`, 'C:SELECT 1');
      this.#prepared.set(name, text);
    }
    await this.#expect((w) => (writes.forEach((write) => write(w)), w.sync()), [...replies, 'Z:I']);
  }

  async #copyIn(
    ending: 'done' | 'fail' | 'bad',
    isExtended: boolean,
    mark: string,
    ready: string,
  ): Promise<void> {
    const text = 'COPY sink (n, mark) FROM STDIN';
    await this.#expect(
      (w) => (isExtended ? w.parse('', text).bind('', '', []).execute('').flush() : w.query(text)),
      isExtended ? ['1', '2', 'G'] : ['G'],
      'G',
    );
    const line = Buffer.from(`${ending === 'bad' ? 'none' : '1'}\t${mark}\n`);
    const end: Record<typeof ending, string> = {
      done: 'C:COPY 2',
      fail: 'E:57014',
      bad: 'E:22P02',
    };
    await this.#expect(
      (w) => {
        w.copyData(line).copyData(line);
        if (ending === 'fail') w.copyFail('enough');
        else w.copyDone();
        if (isExtended) w.sync();
      },
      [end[ending], ready],
    );
  }

  async #sqlPrepare(number: number, mark: string): Promise<void> {
    const name = nameOf(number);
    const isTaken = this.#prepared.has(name);
    const text = `SELECT $1 || ' made by ${mark}' AS v`;
    await this.#expect(
      (w) => w.query(`PREPARE ${name} (text) AS ${text}`),
      [isTaken ? 'E:42P05' : 'C:PREPARE', 'Z:I'],
    );
    if (!isTaken) this.#prepared.set(name, text);
  }

  async #sqlExecute(number: number, mark: string, ready: string): Promise<void> {
    const name = nameOf(number);
    const known = this.#prepared.get(name);
    if (known === undefined && ready !== 'Z:I') return; // it would end the transaction
    await this.#expect(
      (w) => w.query(`EXECUTE ${name}('${mark}')`),
      known === undefined
        ? ['E:26000', ready]
        : ['T:v', `D:${mark}${endOf(known)}`, 'C:SELECT 1', ready],
    );
  }

  async #set(zone: string): Promise<void> {
    const came = await this.#hear((w) => w.query(`SET TimeZone = '${zone}'; SHOW TimeZone`), 1);
    this.#compare(
      came.filter((reply) => !reply.startsWith('S:')),
      ['C:SET', 'T:TimeZone', `D:${zone}`, 'C:SHOW', 'Z:I'],
    );
    this.#zone = zone;
  }

  async #forget(isAll: boolean): Promise<void> {
    const text = isAll ? 'DISCARD ALL' : 'DEALLOCATE ALL';
    const came = await this.#hear((w) => w.query(text), 1);
    this.#compare(
      came.filter((reply) => !reply.startsWith('S:')),
      [`C:${text}`, 'Z:I'],
    );
    this.#prepared.clear();
    if (isAll) this.#zone = null;
  }

  /** Its own query may be hit or not; nobody else's may. */
  async #cancel(afterMs: number): Promise<void> {
    const client = this.#connected;
    const mark = this.#mark();
    const answer = this.#hear((w) => w.query(`SELECT pg_sleep(0.005), '${mark}' AS v`), 1);
    await delay(afterMs);
    const cancelled = client.cancel().catch(() => undefined); // refused when the pool is full
    const came = await answer;
    await cancelled;
    const isHit = came.includes('E:57014');
    const row = ['T:pg_sleep,v', `D:,${mark}`];
    // It may be hit before, between and after what it says, never without saying so.
    if (isHit)
      this.#compare(
        came.filter((reply) => !row.includes(reply)),
        ['E:57014', 'Z:I'],
      );
    else this.#compare(came, [...row, 'C:SELECT 1', 'Z:I']);
  }

  async #leave(way: Leaving): Promise<void> {
    const client = this.#connected;
    if (way === 'close') await client.close();
    else if (way === 'open') {
      const mark = this.#mark();
      const text = `BEGIN; INSERT INTO sink VALUES (0, 'not committed'); SELECT '${mark}' AS v`;
      const wanted = ['C:BEGIN', 'C:INSERT 0 1', 'T:v', `D:${mark}`, 'C:SELECT 1', 'Z:T'];
      await this.#expect((w) => w.query(text), wanted);
      client.vanish();
    } else if (way === 'vanish') {
      await client.send((w) =>
        w.query('BEGIN').query("SELECT 'left behind'").parse('', 'SELECT 1'),
      );
      client.vanish();
    } else {
      await client.send((w) => w.parse('x', textOf(2)).bind('', 'x', ['left behind']).flush());
      await delay(1);
      client.vanish();
    }
    this.#forgetConnection();
  }

  async #expect(write: Write, wanted: readonly string[], until: Until = 1): Promise<void> {
    this.#compare(await this.#hear(write, until), wanted);
    const zone = this.#zone;
    if (zone === null || this.#asked % 5 !== 0 || wanted.at(-1) !== 'Z:I') return;
    this.#asked++;
    this.#compare(await this.#hear((w) => w.query('SHOW TimeZone'), 1), [
      'T:TimeZone',
      `D:${zone}`,
      'C:SHOW',
      'Z:I',
    ]);
  }

  async #hear(write: Write, until: Until): Promise<string[]> {
    const client = this.#connected;
    await client.send(write);
    return client.until(until);
  }

  /** A lost connection may end an answer early; what came of it is right all the same. */
  #compare(came: readonly string[], wanted: readonly string[]): void {
    if (came.at(-1) !== ended) {
      const error = came.some((reply) => reply.startsWith('E:'))
        ? this.#client?.errors.at(-1)?.message
        : undefined;
      const client = this.id;
      expect({ client, came, error }).toEqual({ client, came: wanted, error });
      return;
    }
    const replies = came.filter((reply) => reply !== ended && !reply.startsWith('F:'));
    expect({ client: this.id, replies }).toEqual({
      client: this.id,
      replies: wanted.slice(0, replies.length),
    });
    throw new Gone();
  }

  /** A new connection where there is none; it knows nothing of the one before. */
  async #connect(): Promise<void> {
    if (this.#client?.isOpen === true) return;
    this.#forgetConnection();
    this.#client = await openPipeline(this.#port, {
      database: 'app',
      ...(this.#split === null ? {} : { split: this.#split }),
    });
    if (this.#client.greeting.at(-1) !== 'Z:I') throw new Gone();
  }

  get #connected(): PipelineClient {
    if (this.#client?.isOpen !== true) throw new Gone();
    return this.#client;
  }

  #forgetConnection(): void {
    this.#client = null;
    this.#prepared = new Map();
    this.#zone = null;
  }

  #mark(): string {
    return `${this.id}-${++this.#asked}`;
  }
}

/** The few texts that all clients use, so that they share statements. */
function textOf(number: number): string {
  return `SELECT $1::text || ${number} AS v`;
}

function suffixOf(number: number): string {
  return String(number);
}

/** What a text puts behind its parameter. */
function endOf(text: string): string {
  const [, shared] = /\|\| (\d) AS v/.exec(text) ?? [];
  const [, made] = /\|\| '([^']*)' AS v/.exec(text) ?? [];
  return shared ?? made ?? '';
}

function nameOf(number: number): string {
  return `s${number}`;
}
