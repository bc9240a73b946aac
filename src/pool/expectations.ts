import type { ServerMessageFields } from '../errors/index.ts';

/** What a request is answered with, by the message that asked for it. */
export const Kind = {
  /** One ReadyForQuery. */
  sync: 0,
  /** Anything up to one ReadyForQuery. */
  query: 1,
  function: 2,
  parse: 3,
  bind: 4,
  describe: 5,
  execute: 6,
  close: 7,
  /** Nothing: a CopyDone or CopyFail sent before the server had said whether it wants a COPY. */
  copyEnd: 8,
} as const;

/** The reply is ours and not the client's. */
export const skip = 0x10;
/** The request never went to the server: we make the reply up when its turn comes. */
export const fake = 0x20;

/** The head when nothing is due: no kind, no flag. */
export const nothing = 0x4f;

const kindMask = 0x0f;

/** What to do when the server never came to a request, because one before it failed. */
export interface Mark {
  /** @param wasTried  the server came to it, and it failed */
  undo(wasTried: boolean): void;
  /** The server has done it. */
  done?(): void;
  /** Its ReadyForQuery has come. */
  answered?(): void;
  /** An error that answers this request names the statement as we do, not as the client does. */
  readonly rename?: { readonly from: string; readonly to: string };
  /** The client is told this error instead: the request was ours, and made to fail. */
  readonly error?: ServerMessageFields;
  /** What it listens to is nothing: the pool hears for its client. */
  readonly isDeaf?: boolean;
}

/**
 * What a server still has to answer, in order: a ring of small integers.
 *
 *     head                         tail
 *      |                            |
 *      parse|fake  bind  execute  sync
 *
 * A server answers requests in the order it got them, so the head always says whose a reply is. One that
 * fails inside a pipeline takes everything up to the next Sync with it (`failPipeline`).
 */
export class Expectations {
  #kinds = new Uint8Array(16);
  #marks: (Mark | null)[] = Array.from({ length: 16 }, () => null);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Kind and flags of what is answered next, or `nothing`. */
  get head(): number {
    return this.#size === 0 ? nothing : this.#kinds[this.#head]!;
  }

  get headMark(): Mark | null {
    return this.#size === 0 ? null : this.#marks[this.#head]!;
  }

  push(kind: number, mark: Mark | null = null): void {
    if (this.#size === this.#kinds.length) this.#grow();
    const at = (this.#head + this.#size) & (this.#kinds.length - 1);
    this.#kinds[at] = kind;
    this.#marks[at] = mark;
    this.#size++;
  }

  shift(): void {
    this.#marks[this.#head] = null;
    this.#head = (this.#head + 1) & (this.#kinds.length - 1);
    this.#size--;
  }

  /** Whether the last request ends its pipeline. */
  get endsSynced(): boolean {
    for (let i = this.#size - 1; i >= 0; i--) {
      const kind = this.#kindAt(i) & kindMask;
      if (kind !== Kind.copyEnd) return endsPipeline(kind);
    }
    return true;
  }

  /**
   * Takes off what is due, when it is one pipeline that ends with its Sync.
   *
   * @returns null, and nothing is taken off: there is more, or the Sync has not been sent
   */
  takePipeline(): [number, Mark | null][] | null {
    for (let i = 0; i < this.#size; i++) {
      const isSync = (this.#kindAt(i) & kindMask) === Kind.sync;
      if (isSync !== (i === this.#size - 1)) return null;
    }
    const taken: [number, Mark | null][] = [];
    for (; this.#size > 0; this.shift()) taken.push([this.head, this.headMark]);
    return taken;
  }

  /** Takes off what the server does not answer at all. */
  dropCopyEnds(): void {
    while (this.#size > 0 && (this.head & kindMask) === Kind.copyEnd) this.shift();
  }

  /**
   * The head failed: the server ignores everything up to the next Sync.
   *
   * @returns whether that Sync was sent already
   */
  failPipeline(): boolean {
    const failed = this.headMark;
    const marks: Mark[] = [];
    while (this.#size > 0 && (this.head & kindMask) !== Kind.sync) {
      const { headMark } = this;
      if (headMark !== null) marks.push(headMark);
      this.shift();
    }
    // The last first: each finds what it left.
    for (const mark of marks.toReversed()) mark.undo(mark === failed);
    return this.#size > 0;
  }

  /**
   * The server began a COPY for its head: until CopyDone or CopyFail it ignores Sync and Flush.
   *
   * @returns whether the end of the COPY was sent already
   */
  beginCopyIn(): boolean {
    const kept: [number, Mark | null][] = [];
    let hasEnded = false;
    for (let i = 0; i < this.#size; i++) {
      const kind = this.#kindAt(i);
      const isIgnored = i > 0 && !hasEnded && (kind & kindMask) === Kind.sync;
      const isEnd = !hasEnded && (kind & kindMask) === Kind.copyEnd;
      if (isEnd) hasEnded = true;
      else if (!isIgnored) kept.push([kind, this.#markAt(i)]);
    }
    this.clear();
    for (const [kind, mark] of kept) this.push(kind, mark);
    return hasEnded;
  }

  clear(): void {
    while (this.#size > 0) this.shift();
  }

  #kindAt(index: number): number {
    return this.#kinds[(this.#head + index) & (this.#kinds.length - 1)]!;
  }

  #markAt(index: number): Mark | null {
    return this.#marks[(this.#head + index) & (this.#kinds.length - 1)]!;
  }

  #grow(): void {
    const kinds = new Uint8Array(this.#kinds.length * 2);
    const marks: (Mark | null)[] = [];
    for (let i = 0; i < this.#size; i++) {
      kinds[i] = this.#kindAt(i);
      marks.push(this.#markAt(i));
    }
    while (marks.length < kinds.length) marks.push(null);
    this.#kinds = kinds;
    this.#marks = marks;
    this.#head = 0;
  }
}

/** Requests that are answered with a ReadyForQuery. */
export function endsPipeline(kind: number): boolean {
  return kind === Kind.sync || kind === Kind.query || kind === Kind.function;
}

export function kindOf(expectation: number): number {
  return expectation & kindMask;
}

/** Requests that do something, or make a portal that an error takes away again. */
export function isAct(kind: number): boolean {
  return (
    kind === Kind.bind || kind === Kind.execute || kind === Kind.query || kind === Kind.function
  );
}
