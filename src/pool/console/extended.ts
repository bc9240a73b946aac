import { MessageReader } from '../../wire/index.ts';
import { Refusal } from '../refusal.ts';
import type { Answer, Asked } from './command.ts';
import { prepareSingle } from './prepare.ts';
import type { Formats, ResultWriter } from './result-writer.ts';

interface Prepared {
  /** Null: the statement is empty. */
  readonly action: Asked | null;
}

interface Portal extends Prepared {
  readonly formats: Formats;
  /** Of what has been run: what is left to be sent. */
  answer: Answer | null;
  sent: number;
}

const statementKind = 0x53; // S
const portalKind = 0x50; // P

/** Prepared statements and portals of one session: what Parse, Bind, Describe, Execute and Close do. */
export class Extended {
  readonly #statements = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  readonly #run: (action: Asked) => Promise<Answer>;

  constructor(run: (action: Asked) => Promise<Answer>) {
    this.#run = run;
  }

  get statementCount(): number {
    return this.#statements.size;
  }

  parse(body: MessageReader, out: ResultWriter): void {
    const name = body.text();
    const text = body.text();
    if (name !== '' && this.#statements.has(name)) {
      throw new Refusal('42P05', `prepared statement "${name}" already exists`);
    }
    this.#statements.set(name, { action: prepareSingle(text) });
    out.parseComplete();
  }

  bind(body: MessageReader, out: ResultWriter): void {
    const portal = body.text();
    const { action } = this.#statement(body.text());
    for (let left = body.uint16(); left > 0; left--) body.int16();
    const values = body.uint16();
    if (values > 0) {
      throw new Refusal(
        '08P01',
        `bind message supplies ${values} parameters, but a console command has none`,
      );
    }
    const formats = Array.from({ length: body.uint16() }, () => body.int16());
    const count = action?.columns?.length ?? 0;
    if (formats.length > 1 && formats.length !== count) {
      throw new Refusal(
        '08P01',
        `bind message has ${formats.length} result formats for ${count} columns`,
      );
    }
    this.#portals.set(portal, { action, formats, answer: null, sent: 0 });
    out.bindComplete();
  }

  describe(body: MessageReader, out: ResultWriter): void {
    const kind = body.byte();
    const name = body.text();
    if (kind === statementKind) {
      const { action } = this.#statement(name);
      out.parameterDescription([]).describe(action?.columns ?? null);
      return;
    }
    const { action, formats } = this.#portal(name);
    out.describe(action?.columns ?? null, formats);
  }

  async execute(body: MessageReader, out: ResultWriter): Promise<void> {
    const portal = this.#portal(body.text());
    const mostRows = body.int32();
    if (portal.action === null) {
      out.emptyQueryResponse();
      return;
    }
    portal.answer ??= await this.#run(portal.action);
    const { answer } = portal;
    if (portal.sent === 0 && answer.notice !== undefined) {
      out.notice({ severity: 'NOTICE', sqlstate: '00000', ...answer.notice });
    }
    const { columns, rows } = answer.table ?? { columns: [], rows: [] };
    const end = mostRows > 0 ? Math.min(portal.sent + mostRows, rows.length) : rows.length;
    for (const row of rows.slice(portal.sent, end)) out.row(columns, row, portal.formats);
    portal.sent = end;
    if (end < rows.length) out.portalSuspended();
    else out.commandComplete(answer.tag);
  }

  close(body: MessageReader, out: ResultWriter): void {
    const kind = body.byte();
    const name = body.text();
    if (kind === statementKind) this.#statements.delete(name);
    else if (kind === portalKind) this.#portals.delete(name);
    out.closeComplete();
  }

  /** A simple query does away with what has no name. */
  forgetUnnamed(): void {
    this.#statements.delete('');
    this.#portals.delete('');
  }

  /** With the end of the implicit transaction. */
  sync(): void {
    this.#portals.clear();
  }

  #statement(name: string): Prepared {
    const statement = this.#statements.get(name);
    if (statement !== undefined) return statement;
    const which = name === '' ? 'unnamed prepared statement' : `prepared statement "${name}"`;
    throw new Refusal('26000', `${which} does not exist`);
  }

  #portal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal !== undefined) return portal;
    throw new Refusal('34000', `portal "${name}" does not exist`);
  }
}
