import { randomBytes } from 'node:crypto';
import { isSluiceError } from '../../errors/index.ts';
import { describeTag, FrameScanner, FrontendTag, MessageReader } from '../../wire/index.ts';
import type { LogFields } from '../../service/index.ts';
import type { CancelableConsole } from '../cancels.ts';
import { consoleDatabase } from '../client-startup.ts';
import type { Leg, LegOwner } from '../leg.ts';
import { tlsField } from '../leg-text.ts';
import type { ConsoleLogin } from '../console-login.ts';
import { Refusal } from '../refusal.ts';
import { nowUs } from '../traffic.ts';
import type { Answer, Asked, ConsoleContext, SessionFacts } from './command.ts';
import { Extended } from './extended.ts';
import { prepareAll } from './prepare.ts';
import { ResultWriter } from './result-writer.ts';
import { likePgbouncer, versionText } from './show/version.ts';

/** What one message of an operator may have: commands are short. */
const mostMessageBytes = 1024 * 1024;
/** What may wait behind a command that takes its time. */
const mostWaitingMessages = 1000;

interface Message {
  readonly tag: number;
  readonly body: Buffer;
}

/**
 * One operator's connection: commands over the simple and the extended protocol, one after the other.
 *
 * A command that waits (PAUSE, SUSPEND, WAIT_CLOSE) is given up by a cancel request. When the connection ends, as in
 * pgBouncer, a PAUSE stays, and a SUSPEND of it is over.
 */
export class ConsoleSession implements LegOwner, SessionFacts, CancelableConsole {
  readonly id: number;
  readonly leg: Leg;
  readonly from: string;
  readonly user: string;
  readonly access: ConsoleLogin['access'];
  readonly applicationName: string;
  readonly connectedAtMs = Date.now();
  requestedAtMs = Date.now();
  readonly cancelPid: number;
  readonly cancelKey = randomBytes(4);
  readonly #context: ConsoleContext;
  readonly #onOver: (session: ConsoleSession) => void;
  readonly #scanner = new FrameScanner({ maxFrameBytes: mostMessageBytes });
  readonly #out = new ResultWriter();
  readonly #extended = new Extended((action) => this.#run(action));
  readonly #waiting: Message[] = [];
  /** Of the command under way. */
  #giveUp = new AbortController();
  #isWorking = false;
  /** The number of the last SUSPEND that was its own; 0: none. */
  #suspension = 0;
  /** After an error of the extended protocol everything is skipped up to Sync. */
  #isSkipping = false;
  #isOver = false;

  constructor(
    context: ConsoleContext,
    login: ConsoleLogin,
    onOver: (session: ConsoleSession) => void,
  ) {
    const { pooler } = context;
    this.#context = context;
    this.#onOver = onOver;
    this.id = pooler.nextClientId();
    this.leg = login.leg;
    this.from = login.from;
    this.user = login.user;
    this.access = login.access;
    this.applicationName = login.parameters.get('application_name') ?? '';
    this.cancelPid = pooler.cancels.newPid();
    pooler.cancels.addConsole(this);
    this.leg.handTo(this);
    if (pooler.settings.log_connections) {
      pooler.log.info('login', { ...this.#who, ...tlsField(this.leg) });
    }
    this.#welcome();
  }

  /** For the log. */
  get #who(): LogFields {
    return { database: consoleDatabase, user: this.user, client: this.id, from: this.from };
  }

  get statementCount(): number {
    return this.#extended.statementCount;
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.#isOver) return;
    this.requestedAtMs = Date.now();
    try {
      // Of its own: messages wait for the command before them.
      this.#scanner.push(Buffer.from(bytes.subarray(0, length)), (tag, chunk, start, end) => {
        this.#waiting.push({ tag, body: chunk.subarray(start, end) });
      });
    } catch (error) {
      this.#end('08P01', isSluiceError(error) ? error.message : 'bad packet header');
      return;
    }
    if (this.#waiting.length > mostWaitingMessages) this.leg.pause();
    void this.#work();
  }

  onDrain(): void {
    // What a command answers with is small, and waits for its reader.
  }

  onClosed(): void {
    this.#leave('client unexpected eof');
  }

  /** A cancel request for the command under way. */
  cancel(): void {
    this.#giveUp.abort(new Refusal('57014', 'canceling statement due to user request'));
  }

  kill(reason: string): void {
    this.#end('08P01', reason);
  }

  #welcome(): void {
    const { version } = this.#context;
    const status = {
      server_version: `${likePgbouncer}/sluice`,
      client_encoding: 'UTF8',
      server_encoding: 'UTF8',
      DateStyle: 'ISO',
      TimeZone: 'GMT',
      standard_conforming_strings: 'on',
      is_superuser: 'on',
      'pgbouncer.version': versionText(version),
      'pgbouncer.max_prepared_statements': '0',
      'pgbouncer.pool_mode': 'statement',
    };
    for (const [name, value] of Object.entries(status)) this.#out.parameterStatus(name, value);
    this.#out.backendKeyData(this.cancelPid, this.cancelKey).readyForQuery('I');
    this.#send();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#take(next);
      if (this.#isOver) break;
      this.#send();
    }
    this.#isWorking = false;
    this.leg.resume();
  }

  async #take({ tag, body }: Message): Promise<void> {
    if (tag === FrontendTag.terminate) {
      this.#leave('client close request');
      this.leg.end();
      return;
    }
    if (tag === FrontendTag.sync) {
      this.#isSkipping = false;
      this.#extended.sync();
      this.#out.readyForQuery('I');
      return;
    }
    if (this.#isSkipping) return;
    const reader = new MessageReader(describeTag(tag), body, 0, body.length);
    try {
      await this.#obey(tag, reader);
    } catch (error) {
      this.#out.refusal(this.#refusalOf(error));
      this.#isSkipping = tag !== FrontendTag.query && tag !== FrontendTag.functionCall;
    }
    if (tag === FrontendTag.query || tag === FrontendTag.functionCall) this.#out.readyForQuery('I');
  }

  async #obey(tag: number, body: MessageReader): Promise<void> {
    switch (tag) {
      case FrontendTag.query:
        await this.#query(body.text());
        return;
      case FrontendTag.parse:
        this.#extended.parse(body, this.#out);
        return;
      case FrontendTag.bind:
        this.#extended.bind(body, this.#out);
        return;
      case FrontendTag.describe:
        this.#extended.describe(body, this.#out);
        return;
      case FrontendTag.execute:
        await this.#extended.execute(body, this.#out);
        return;
      case FrontendTag.close:
        this.#extended.close(body, this.#out);
        return;
      case FrontendTag.flush:
      case FrontendTag.copyData:
      case FrontendTag.copyDone:
      case FrontendTag.copyFail:
        return;
      case FrontendTag.functionCall:
        throw new Refusal('0A000', 'the console has no functions');
      default:
        this.#end('08P01', `unknown pkt: ${describeTag(tag)}`);
    }
  }

  async #query(text: string): Promise<void> {
    this.#extended.forgetUnnamed();
    const prepared = prepareAll(text);
    if (prepared.length === 0) this.#out.emptyQueryResponse();
    for (const prepare of prepared) this.#out.answer(await this.#run(prepare()));
  }

  async #run(action: Asked): Promise<Answer> {
    if (action.needsAdmin && this.access !== 'admin') {
      throw new Refusal('08P01', 'admin access needed');
    }
    // What stands behind a command that has waited is not done for somebody who has gone.
    if (this.#isOver) throw new Refusal('57014', 'the client has left');
    const { traffic, pooler } = this.#context;
    if (action.isOperation) {
      pooler.log.info('a console command', { ...this.#who, command: action.text });
    }
    traffic.queries++;
    traffic.transactions++;
    const startUs = nowUs();
    this.#giveUp = new AbortController();
    try {
      return await action.run(this.#context, this.#giveUp.signal, this);
    } finally {
      traffic.queryTimes.add(nowUs() - startUs);
    }
  }

  #refusalOf(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    const { reason }: { reason: unknown } = this.#giveUp.signal;
    if (this.#giveUp.signal.aborted && reason instanceof Refusal) return reason;
    if (isSluiceError(error)) return new Refusal('08P01', error.message);
    this.#context.pooler.log.error('a console command failed', { error });
    return new Refusal('XX000', 'the command failed, see logs for additional details');
  }

  #send(): void {
    this.leg.writeOwn(this.#out.take());
  }

  #end(sqlstate: string, message: string): void {
    if (this.#isOver) return;
    this.#out.error({ severity: 'FATAL', sqlstate, message });
    this.#send();
    this.#leave(message);
    this.leg.end();
  }

  suspend(): Promise<void> {
    const { operations } = this.#context;
    const before = operations.suspensions;
    const suspended = operations.suspend(this.#giveUp.signal);
    // Not one that is refused because of another's.
    if (operations.suspensions > before) this.#suspension = operations.suspensions;
    return suspended;
  }

  /** Nobody else would end it. */
  #endSuspension(): void {
    const { operations, pooler } = this.#context;
    if (!pooler.isSuspended || operations.suspensions !== this.#suspension) return;
    this.#giveUp.abort(new Refusal('57014', 'the client has left'));
    if (pooler.isSuspended) operations.resume(null);
  }

  #leave(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#waiting.length = 0;
    this.#endSuspension();
    const { pooler } = this.#context;
    pooler.cancels.removeConsole(this);
    if (pooler.settings.log_disconnections) pooler.log.info('closing', { ...this.#who, reason });
    this.#onOver(this);
  }
}
