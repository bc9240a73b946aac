import { BackendTag, BackendWriter } from '../../wire/index.ts';
import { Refusal } from '../refusal.ts';
import type { Answer } from './command.ts';
import { typeOf, writeCell, type Cell, type Column } from './values.ts';

/** The formats a Bind asks for: none is text, one is for every column, else one each. */
export type Formats = readonly number[];

/** Writes what a console answers with; a BackendWriter with types and binary values. */
export class ResultWriter extends BackendWriter {
  describe(columns: readonly Column[] | null, formats: Formats = []): this {
    if (columns === null) return this.noData();
    const { out } = this;
    out.begin(BackendTag.rowDescription);
    out.int16(columns.length);
    for (const [index, column] of columns.entries()) {
      const { oid, size } = typeOf(column);
      out.text(column.name, 'a column');
      out.int32(0); // of no table
      out.int16(0);
      out.int32(oid);
      out.int16(size);
      out.int32(-1);
      out.int16(Number(isBinary(formats, index)));
    }
    out.finish();
    return this;
  }

  row(columns: readonly Column[], cells: readonly Cell[], formats: Formats = []): this {
    const { out } = this;
    out.begin(BackendTag.dataRow);
    out.int16(columns.length);
    for (const [index, column] of columns.entries()) {
      writeCell(out, cells[index] ?? null, column, isBinary(formats, index));
    }
    out.finish();
    return this;
  }

  portalSuspended(): this {
    this.out.begin(BackendTag.portalSuspended);
    this.out.finish();
    return this;
  }

  /** An answer as a simple query gets it. */
  answer({ tag, notice, table }: Answer): this {
    if (notice !== undefined) this.notice({ severity: 'NOTICE', sqlstate: '00000', ...notice });
    if (table !== undefined) {
      this.describe(table.columns);
      for (const row of table.rows) this.row(table.columns, row);
    }
    return this.commandComplete(tag);
  }

  refusal({ sqlstate, message, reason }: Refusal): this {
    const detail = reason === message ? {} : { detail: reason };
    return this.error({ severity: 'ERROR', sqlstate, message, ...detail });
  }
}

export function isBinary(formats: Formats, index: number): boolean {
  return (formats.length === 1 ? formats[0] : formats[index]) === 1;
}
