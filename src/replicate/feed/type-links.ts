import type { TypeLink } from '../../sink/index.ts';
import type { Session } from '../../session/index.ts';
import { loadSql, textOf } from '../sql.ts';

const readTypeLink = loadSql('feed/sql/read-type-link');

/** The domains and arrays of the source, asked for once each. */
export class TypeLinks {
  readonly #source: Session;
  readonly #links = new Map<number, TypeLink | null>();

  constructor(source: Session) {
    this.#source = source;
  }

  /** For `valueTypeOf`, of types that were loaded. */
  readonly linkOf = (oid: number): TypeLink | null => this.#links.get(oid) ?? null;

  /** Reads the type and what it leads to, unless that was done. */
  async load(oid: number): Promise<void> {
    if (this.#links.has(oid)) return;
    const { rows } = await this.#source.query(readTypeLink, [String(oid)]);
    const link = rows[0] === undefined ? null : toLink(rows[0]);
    this.#links.set(oid, link);
    const next = link?.baseOid ?? link?.elementOid ?? null;
    if (next !== null) await this.load(next);
  }
}

function toLink(row: Record<string, unknown>): TypeLink {
  const base = textOf(row, 'base_oid');
  const element = textOf(row, 'element_oid');
  return {
    baseOid: base === null ? null : Number(base),
    elementOid: element === null ? null : Number(element),
  };
}
