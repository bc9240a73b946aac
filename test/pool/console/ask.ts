import { DatabaseError, type Client } from 'pg';

/** What a console answered, in a form that two consoles can be compared in. */
export interface Asked {
  readonly tag?: string;
  readonly columns?: readonly string[];
  readonly error?: string;
}

/** Names and types of columns, as `name:oid/size`. */
export async function ask(client: Client, text: string): Promise<Asked> {
  try {
    const result = await client.query({ text, rowMode: 'array' });
    const columns = result.fields.map(
      ({ name, dataTypeID, dataTypeSize }) => `${name}:${dataTypeID}/${dataTypeSize}`,
    );
    return { tag: result.command, columns };
  } catch (error) {
    return { error: errorText(error) };
  }
}

/** `ERROR 08P01 message` */
export function errorText(error: unknown): string {
  if (!(error instanceof DatabaseError)) throw error;
  return `${error.severity} ${error.code} ${error.message}`;
}

/** The error of a query that must fail. */
export async function errorOf(query: Promise<unknown>): Promise<string> {
  return query.then(
    () => 'no error',
    (error: unknown) => errorText(error),
  );
}
