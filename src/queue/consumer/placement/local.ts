import type { Session } from '../../../session/index.ts';
import { failpoint } from '../../../service/index.ts';
import { loadSql } from '../../sql.ts';
import type { Batch } from '../batch-feed.ts';
import { finishBatch, type FinishOptions } from '../finish-batch.ts';
import { withoutDone } from './without-done.ts';
import type { HandlerClient } from '../handler-client.ts';
import type { SetAside } from '../verdicts.ts';
import type { BatchState, Placement } from './placement.ts';

const registerConsumer = loadSql('register-consumer');

/** Handlers write in the queue's own database: their transaction also finishes the batch. */
export class LocalPlacement implements Placement {
  readonly beginSql = 'BEGIN';
  readonly openClient: () => HandlerClient;
  readonly #finish: FinishOptions;

  constructor(openClient: () => HandlerClient, finish: FinishOptions) {
    this.openClient = openClient;
    this.#finish = finish;
  }

  async register(control: Session, queue: string): Promise<void> {
    await control.query(registerConsumer, [queue, this.#finish.consumer]);
  }

  async look(): Promise<BatchState> {
    return 'new';
  }

  async complete(
    batch: Batch,
    setAside: readonly SetAside[],
    control: Session,
    handlers: HandlerClient,
  ): Promise<readonly SetAside[]> {
    const { own } = handlers;
    // Without anything beside it, finishing needs no transaction around it, nor to wait for the disk.
    const { tracksEvents } = this.#finish;
    const isAlone = setAside.length === 0 && !handlers.isInTransaction && !tracksEvents;
    if (!handlers.isInTransaction && !isAlone) await own.query(this.beginSql);
    await failpoint('consumer.before-finish');
    const left = tracksEvents ? await withoutDone(own, batch, setAside, this.#finish) : setAside;
    await finishBatch(isAlone ? control : own, batch, left, this.#finish);
    await failpoint('consumer.before-commit');
    if (!isAlone) await own.query('COMMIT');
    await failpoint('consumer.after-commit');
    return left;
  }

  /** Never asked: no batch that is still open was handled. */
  async tellDone(): Promise<void> {
    return undefined;
  }
}
