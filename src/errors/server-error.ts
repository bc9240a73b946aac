import { SluiceError } from './error.ts';

/** The fields of PostgreSQL's ErrorResponse or NoticeResponse, as sent. */
export interface ServerMessageFields {
  readonly severity: string;
  /** SQLSTATE, five characters. */
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly position?: number;
  readonly internalQuery?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
  readonly file?: string;
  readonly line?: string;
  readonly routine?: string;
}

/**
 * An ErrorResponse of a PostgreSQL server. `fields.detail` and `fields.where` may quote row values:
 * they are for callers, never for logs (P12).
 */
export class ServerError extends SluiceError<'SERVER_ERROR'> {
  override readonly name = 'ServerError';
  readonly sqlstate: string;
  readonly fields: ServerMessageFields;

  /** @param place which server it was, where that is known */
  constructor(fields: ServerMessageFields, place = 'the server') {
    super('SERVER_ERROR', { place, sqlstate: fields.sqlstate, message: fields.message });
    this.sqlstate = fields.sqlstate;
    this.fields = fields;
  }
}
