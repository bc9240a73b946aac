import type { Lsn } from '../../wire/index.ts';
import type { Following } from '../follow/following.ts';

/** How far a feed is, for its status. */
export class FeedProgress {
  readonly #following: Pick<Following, 'position'>;
  /** Messages that were read and are not durable yet. */
  #underWay = 0;
  #quietUntil: Lsn | null = null;

  constructor(following: Pick<Following, 'position'>) {
    this.#following = following;
  }

  get position(): Lsn {
    return this.#following.position;
  }

  /** Nothing of the source before this is missing: the position, or further where nothing was for us. */
  get caughtUpTo(): Lsn {
    const { position } = this;
    const quiet = this.#quietUntil;
    return this.#underWay === 0 && quiet !== null && quiet > position ? quiet : position;
  }

  read(): void {
    this.#underWay += 1;
  }

  written(messages: number): void {
    this.#underWay -= messages;
  }

  isQuietUntil(lsn: Lsn): void {
    this.#quietUntil = lsn;
  }
}
