import { z } from 'zod';
import { archiverSchema } from './ready-made/archiver/config.ts';
import { bulkLoaderSchema } from './ready-made/bulk-loader.ts';
import { cubeDispatcherSchema } from './ready-made/cube-dispatcher.ts';
import { dataMaintainerSchema } from './ready-made/data-maintainer.ts';
import { queueLoaderSchema } from './ready-made/queue-loader.ts';
import { queueMoverSchema } from './ready-made/queue-mover.ts';
import { queueSplitterSchema } from './ready-made/queue-splitter.ts';
import { simpleConsumerSchema } from './ready-made/simple-consumer.ts';
import { simpleSerialConsumerSchema } from './ready-made/simple-serial-consumer.ts';
import { tableDispatcherSchema } from './ready-made/table-dispatcher.ts';

/** The settings of each kind of job. */
export const kindSchemas = [
  archiverSchema,
  bulkLoaderSchema,
  cubeDispatcherSchema,
  dataMaintainerSchema,
  queueLoaderSchema,
  queueMoverSchema,
  queueSplitterSchema,
  simpleConsumerSchema,
  simpleSerialConsumerSchema,
  tableDispatcherSchema,
] as const;

export const kindNames = kindSchemas.map(({ shape }) => shape.kind.value);

/** `[jobs.NAME]` */
export const jobSchema = z.discriminatedUnion('kind', kindSchemas, {
  error: () => `expected a kind of job: ${kindNames.join(', ')}`,
});

export type JobConfig = z.output<typeof jobSchema>;
export type JobKind = JobConfig['kind'];

/** Settings that name a database, of whatever kind. */
export const databaseSettings = ['source', 'target', 'before_db', 'after_db', 'crash_db'] as const;
