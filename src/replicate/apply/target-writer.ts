import { ServerError } from '../../errors/index.ts';
import type { Session } from '../../session/index.ts';
import {
  BackendTag,
  decodeTextRow,
  decodeErrorFields,
  freeMemory,
  MessageWriter,
  parseLsn,
  type Lsn,
} from '../../wire/index.ts';
import { Submission, type Step } from './submission.ts';

/** The server's refusal, and the statement that met it. */
export interface Failure {
  readonly step: Step;
  readonly error: ServerError;
}

export interface Outcome {
  readonly failure: Failure | null;
  /** Where the target's WAL was written and flushed to behind the commit; null when not asked. */
  readonly wal: { readonly inserted: Lsn; readonly flushed: Lsn } | null;
}

/** Sends submissions over the apply session and holds every answer against what it must be. */
export class TargetWriter {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  begin(): Submission {
    return new Submission(new MessageWriter());
  }

  /** Resolves when all answers are in, also when the server refused; rejects when the connection is lost. */
  async send(submission: Submission): Promise<Outcome> {
    const answers = new Answers(submission.steps);
    const chunks = submission.take();
    await this.#session.submit(chunks, submission.syncs, answers.onFrame);
    const outcome = answers.outcome();
    // Read by the server to the end. What it refused may be on its way yet: it answers before it drops the rest.
    if (!outcome.failure) for (const chunk of chunks) freeMemory(chunk);
    return outcome;
  }
}

class Answers {
  readonly #steps: readonly Step[];
  #next = 0;
  #failure: Failure | null = null;
  #wal: Outcome['wal'] = null;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
  }

  readonly onFrame = (tag: number, bytes: Buffer, start: number, end: number): void => {
    switch (tag) {
      case BackendTag.commandComplete:
        this.#next++;
        return;
      case BackendTag.dataRow:
        if (this.#steps[this.#next]?.does === 'position') this.#readPosition(bytes, start, end);
        return;
      case BackendTag.errorResponse:
        // Only the first error tells; those behind it say that the transaction is aborted.
        this.#failure ??= {
          step: this.#steps[this.#next]!,
          error: new ServerError(decodeErrorFields(bytes, start, end)),
        };
    }
  };

  outcome(): Outcome {
    if (!this.#failure && this.#next !== this.#steps.length)
      throw new RangeError(`${this.#next} of ${this.#steps.length} statements were answered`);
    return { failure: this.#failure, wal: this.#wal };
  }

  #readPosition(bytes: Buffer, start: number, end: number): void {
    const [inserted, flushed] = decodeTextRow(bytes, start, end);
    this.#wal = { inserted: parseLsn(inserted!), flushed: parseLsn(flushed!) };
  }
}
