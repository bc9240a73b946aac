/**
 * How awake the ticker is for one queue:
 *
 *     awake --idle for a while--> settling --nothing open any more--> asleep
 *       ^                            |                                  |
 *       +---- an event was ticked ---+------------- NOTIFY -------------+
 *
 * Asleep and settling, the queue's inserts NOTIFY. Settling, a transaction is still open that may have inserted
 * before it was told to: nobody says when it ends, so the queue is looked at now and then.
 */
export class QueueWatch {
  readonly id: number;
  readonly name: string;
  #state: 'awake' | 'settling' | 'asleep' = 'awake';
  /** Whether its inserts NOTIFY; a ticker before this one may have left it either way. */
  #notifies: boolean | null = null;
  #emptyLooks = 0;
  #busyUntilMs: number;
  #settlingSinceMs = 0;
  #passedBySinceMs: number | null = null;
  #nextLookMs: number;

  constructor(id: number, name: string, nowMs: number) {
    this.id = id;
    this.name = name;
    this.#nextLookMs = nowMs;
    this.#busyUntilMs = nowMs + stayAwakeMs;
  }

  get state(): 'awake' | 'settling' | 'asleep' {
    return this.#state;
  }

  /** Infinity: only when its inserts say so. */
  get nextLookMs(): number {
    return this.#nextLookMs;
  }

  /** An insert has said that it is there. */
  hear(nowMs: number): void {
    this.#state = 'awake';
    this.#emptyLooks = 0;
    this.#busyUntilMs = nowMs + stayAwakeMs;
    this.#nextLookMs = nowMs;
  }

  /** It could not be looked at: another is ticking it just now, or dropping it, and may be long about it. */
  passedBy(nowMs: number): void {
    this.#passedBySinceMs ??= nowMs;
    this.#nextLookMs = nowMs + settlingDelayMs(nowMs - this.#passedBySinceMs);
  }

  /** What inserts are to do from now on, when they are to do something else. */
  looked({ ticked, unsettled }: Look, nowMs: number): 'notify' | 'be quiet' | null {
    this.#passedBySinceMs = null;
    if (this.#state === 'awake') return this.#lookedAwake(ticked, nowMs);
    if (ticked) this.#settlingSinceMs = Math.max(this.#settlingSinceMs, nowMs - busyDelayMs * 20);
    if (!unsettled) this.#state = 'asleep';
    this.#nextLookMs = unsettled
      ? nowMs + settlingDelayMs(nowMs - this.#settlingSinceMs)
      : Infinity;
    return null;
  }

  #lookedAwake(ticked: boolean, nowMs: number): 'notify' | 'be quiet' | null {
    if (ticked) this.#busyUntilMs = nowMs + stayAwakeMs;
    this.#emptyLooks = ticked ? 0 : this.#emptyLooks + 1;
    if (nowMs < this.#busyUntilMs) {
      this.#nextLookMs = nowMs + awakeDelayMs(this.#emptyLooks);
      if (this.#notifies === false) return null;
      this.#notifies = false;
      return 'be quiet';
    }
    // It must be looked at once more when its inserts have been told.
    this.#nextLookMs = nowMs;
    this.#state = 'settling';
    this.#settlingSinceMs = nowMs;
    if (this.#notifies === true) return null;
    this.#notifies = true;
    return 'notify';
  }
}

export interface Look {
  readonly ticked: boolean;
  readonly unsettled: boolean;
}

/** Between two looks while events come: so often is a batch made. */
const busyDelayMs = 2;
/** An application that has published waits as long for its next event, often; to be awake costs a query a look. */
const stayAwakeMs = 100;
const longestAwakeDelayMs = 16;
const longestSettlingDelayMs = 1000;

function awakeDelayMs(emptyLooks: number): number {
  return Math.min(busyDelayMs * 2 ** Math.max(0, emptyLooks - 2), longestAwakeDelayMs);
}

/** A transaction that has been open for long is looked for less often: by a twentieth of its time. */
function settlingDelayMs(settlingMs: number): number {
  return Math.min(Math.max(busyDelayMs, settlingMs / 20), longestSettlingDelayMs);
}
