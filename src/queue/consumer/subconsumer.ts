import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Session } from '../../session/index.ts';
import { loadSql } from '../sql.ts';
import type { ConsumerDefinition } from './definition.ts';

const unregister = loadSql('unregister-subconsumer');

/** Unless it was named: a name that no other process has, and that says where this one is. */
export function subconsumerOf(definition: ConsumerDefinition): string {
  const { subconsumer } = definition;
  return subconsumer ?? `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
}

/** One that ends with nothing open leaves no name behind; a batch left open is for the others to take over. */
export async function leaveConsumer(
  control: Session,
  definition: ConsumerDefinition,
  subconsumer: string,
): Promise<void> {
  if (definition.kind !== 'cooperative' || definition.subconsumer !== undefined) return;
  for (const queue of definition.queues) {
    await control.query(unregister, [queue, definition.name, subconsumer]);
  }
}
