import { PgoutputTag, readRelation } from '../wire/index.ts';
import { BlockBuilder } from './block-builder.ts';
import type { ChangeBlock } from './block.ts';

/** The relations as a stream described them last; a server describes each once a connection. */
export class KnownRelations {
  readonly #messages = new Map<number, Buffer>();

  remember({ bytes, count, starts, ends }: ChangeBlock): void {
    for (let i = 0; i < count; i++) {
      const start = starts[i]!;
      if (bytes[start] !== PgoutputTag.relation) continue;
      const { oid } = readRelation(bytes, start, ends[i]!, false);
      this.#messages.set(oid, Buffer.from(bytes.subarray(start, ends[i])));
    }
  }

  /** All of them; null when there are none. */
  describe(): ChangeBlock | null {
    if (this.#messages.size === 0) return null;
    const builder = new BlockBuilder();
    for (const message of this.#messages.values()) builder.add(message, 0, message.length);
    return builder.take();
  }
}
